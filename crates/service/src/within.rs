//! Numbers that say within which bounds they are: what is outside is refused, and the document tells so.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

/// A number from `LEAST` to `MOST`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Within<const LEAST: u32, const MOST: u32>(u32);

impl<const LEAST: u32, const MOST: u32> Within<LEAST, MOST> {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<'de, const LEAST: u32, const MOST: u32> Deserialize<'de> for Within<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(from)?;
        match (LEAST..=MOST).contains(&number) {
            true => Ok(Self(number)),
            false => Err(de::Error::custom(format_args!(
                "{number} is not between {LEAST} and {MOST}"
            ))),
        }
    }
}

impl<const LEAST: u32, const MOST: u32> JsonSchema for Within<LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Within{LEAST}To{MOST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": LEAST, "maximum": MOST })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_outside_is_refused_with_the_bounds() {
        let read = |text: &str| serde_json::from_str::<Within<1, 500>>(text);
        for number in [1, 500] {
            assert_eq!(read(&number.to_string()).unwrap().get(), number);
        }
        for text in ["0", "501", "-1", "4294967296"] {
            assert!(read(text).is_err(), "{text}");
        }
        let refused = read("0").unwrap_err().to_string();
        assert!(
            refused.starts_with("0 is not between 1 and 500"),
            "{refused}"
        );
    }
}
