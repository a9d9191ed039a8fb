//! Secrets that cannot be printed, because they are not there: a [`Secret`] holds where the secret
//! stands, and reads it at the moment of use.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result};

/// A reference to a secret: `${env:NAME}` or `${file:PATH}`. Writing the secret itself is refused.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Environment(String),
    File(PathBuf),
}

impl Secret {
    /// Understands `${env:NAME}` and `${file:PATH}`; anything else is refused without repeating it.
    pub fn parse(text: &str) -> Result<Self> {
        let inner = text
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'));
        let place = match inner.and_then(|inner| inner.split_once(':')) {
            Some(("env", name)) if !name.is_empty() => Place::Environment(name.to_owned()),
            Some(("file", path)) if !path.is_empty() => Place::File(PathBuf::from(path)),
            _ => {
                return Err(Error::new(
                    ErrorKind::Config,
                    "SECRET_IN_CLEAR",
                    "a secret is given as ${env:NAME} or ${file:PATH}, never in clear",
                )
                .hint("put the secret into an environment variable or a file, and name that"));
            }
        };
        Ok(Self(place))
    }

    /// The secret's text, read now; a final line break of a file is not part of it. Relative paths
    /// start at `base`, the migration file's folder.
    pub fn reveal(&self, base: &Path) -> Result<String> {
        match &self.0 {
            Place::Environment(name) => std::env::var(name).map_err(|_| {
                Error::new(
                    ErrorKind::Config,
                    "SECRET_MISSING",
                    format!("environment variable {name} is not set"),
                )
                .hint(format!("set {name} to the secret before starting"))
            }),
            Place::File(path) => {
                let path = base.join(path);
                let text = std::fs::read_to_string(&path).map_err(|cause| {
                    Error::new(
                        ErrorKind::Config,
                        "SECRET_MISSING",
                        format!(
                            "could not read the secret file {}: {}",
                            path.display(),
                            match cause.kind() {
                                std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
                                _ => cause.kind().to_string(),
                            }
                        ),
                    )
                    .hint("relative paths start at the migration file's folder")
                })?;
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
        }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Environment(name) => write!(f, "${{env:{name}}}"),
            Place::File(path) => write!(f, "${{file:{}}}", path.display()),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({self})")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "format": "password", "writeOnly": true,
            "pattern": r"^\$\{(env|file):.+\}$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_text_is_refused_without_repeating_it() {
        let error = Secret::parse("hunter2").unwrap_err();
        assert_eq!(error.code, "SECRET_IN_CLEAR");
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn a_secret_shows_its_place_only() {
        let secret = Secret::parse("${env:SHOP_PASSWORD}").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(${env:SHOP_PASSWORD})");
        assert_eq!(
            serde_json::to_string(&secret).unwrap(),
            "\"${env:SHOP_PASSWORD}\""
        );
    }
}
