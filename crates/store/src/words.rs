//! Words of the model as the store keeps them, and back.

use model::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::failure::unreadable;

/// A document's text.
pub(crate) fn written<T: Serialize>(what: &str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|cause| unreadable(what, cause))
}

/// The word of an enumeration.
pub(crate) fn word<T: Serialize>(value: &T) -> Result<String> {
    Ok(written("a word", value)?.trim_matches('"').to_owned())
}

pub(crate) fn read<T: DeserializeOwned>(what: &str, text: Option<String>) -> Result<Option<T>> {
    text.map(|text| serde_json::from_str(&text).map_err(|cause| unreadable(what, cause)))
        .transpose()
}

pub(crate) fn read_word<T: DeserializeOwned>(what: &str, text: String) -> Result<T> {
    serde_json::from_value(Json::String(text)).map_err(|cause| unreadable(what, cause))
}
