//! Secrets that cannot be printed, because they are not there: a [`Secret`] holds where the secret
//! stands, and reads it at the moment of use.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result};

/// A reference to a secret: `${env:NAME}` or `${file:PATH}`, and `${sealed:ID}` in what a service keeps.
/// Writing the secret itself is refused.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Environment(String),
    File(PathBuf),
    Sealed(String),
}

impl Secret {
    /// Understands `${env:NAME}`, `${file:PATH}` and `${sealed:ID}`; anything else is refused without
    /// repeating it.
    pub fn parse(text: &str) -> Result<Self> {
        let inner = text
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'));
        let place = match inner.and_then(|inner| inner.split_once(':')) {
            Some(("env", name)) if !name.is_empty() => Place::Environment(name.to_owned()),
            Some(("file", path)) if !path.is_empty() => Place::File(PathBuf::from(path)),
            Some(("sealed", id)) if !id.is_empty() => Place::Sealed(id.to_owned()),
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

    /// The place of a secret that a service keeps under this id.
    pub fn sealed(id: impl Into<String>) -> Self {
        Self(Place::Sealed(id.into()))
    }

    /// The id of a secret that a service keeps; `None` where the secret stands elsewhere.
    pub fn sealed_id(&self) -> Option<&str> {
        match &self.0 {
            Place::Sealed(id) => Some(id),
            Place::Environment(_) | Place::File(_) => None,
        }
    }

    /// The secret's text, read now; a final line break of a file is not part of it. Relative paths
    /// start at `base`, the migration file's folder. What is sealed stands among the `unsealed`, or is
    /// missing: nobody but a service can open it.
    pub fn reveal(&self, base: &Path, unsealed: &Unsealed) -> Result<String> {
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
            Place::Sealed(id) => match unsealed.text(id) {
                Some(text) => Ok(text.to_owned()),
                None => Err(Error::new(
                    ErrorKind::Config,
                    "SECRET_MISSING",
                    format!("the sealed secret {id} is not at hand"),
                )
                .hint(
                    "sealed secrets belong to the service that keeps them; a migration file names \
                     ${env:NAME} or ${file:PATH}",
                )),
            },
        }
    }
}

/// What a service has unsealed for one opening: texts by id. Cheap to clone; the texts go with the last
/// clone, and wipe themselves then where they were given as something that does.
#[derive(Clone, Default)]
pub struct Unsealed(Arc<BTreeMap<String, Box<dyn AsRef<str> + Send + Sync>>>);

impl Unsealed {
    fn text(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(|text| (**text).as_ref())
    }
}

impl<T: AsRef<str> + Send + Sync + 'static> FromIterator<(String, T)> for Unsealed {
    /// These texts by their ids. A service gives texts that wipe themselves when dropped.
    fn from_iter<I: IntoIterator<Item = (String, T)>>(texts: I) -> Self {
        let boxed = |(id, text): (String, T)| {
            let text: Box<dyn AsRef<str> + Send + Sync> = Box::new(text);
            (id, text)
        };
        Self(Arc::new(texts.into_iter().map(boxed).collect()))
    }
}

impl fmt::Debug for Unsealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unsealed")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Environment(name) => write!(f, "${{env:{name}}}"),
            Place::File(path) => write!(f, "${{file:{}}}", path.display()),
            Place::Sealed(id) => write!(f, "${{sealed:{id}}}"),
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

    /// As a migration file writes it, where nothing is sealed.
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
    #[test]
    fn a_place_is_understood_or_refused() {
        let check = |text: &str, sealed: Option<Option<&str>>| {
            let parsed = Secret::parse(text).ok();
            assert_eq!(parsed.as_ref().map(Secret::sealed_id), sealed, "{text}");
            if let Some(secret) = parsed {
                assert_eq!(secret.to_string(), text);
            }
        };
        check("${env:A}", Some(None));
        check("${file:a/b:c}", Some(None));
        check("${sealed:0190-ab}", Some(Some("0190-ab")));
        for wrong in [
            "${sealed:}",
            "${sealed}",
            "sealed:a",
            "${Sealed:a}",
            "${kept:a}",
            "",
        ] {
            check(wrong, None);
        }
        assert_eq!(Secret::sealed("a"), Secret::parse("${sealed:a}").unwrap());
    }

    #[test]
    fn a_sealed_secret_is_read_from_what_was_unsealed() {
        let base = Path::new("/");
        let secret = Secret::sealed("one");
        let unsealed = Unsealed::from_iter([("one".to_owned(), "hunter2")]);
        assert_eq!(secret.reveal(base, &unsealed).unwrap(), "hunter2");
        assert_eq!(format!("{unsealed:?}"), r#"Unsealed{"one"}"#);
        let others = Unsealed::from_iter([("two".to_owned(), "hunter2")]);
        for unsealed in [Unsealed::default(), others] {
            let error = secret.reveal(base, &unsealed).unwrap_err();
            assert_eq!(error.code, "SECRET_MISSING");
            assert!(error.hint.unwrap().contains("service"));
        }
    }
}
