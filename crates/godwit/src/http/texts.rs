//! Names with texts, as paths and queries have them, read as a struct: numbers, words and lists are
//! made of the texts as the struct asks for. A name that is given several times is a list.

use std::collections::BTreeMap;

use serde::Deserializer;
use serde::de::value::{Error as Fault, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer, Unexpected, Visitor};

use super::flaw::{Flaw, Part, describe};

/// Reads the pairs as `T`; what does not fit is told by its name.
pub(super) fn read<T: DeserializeOwned>(
    part: Part,
    pairs: impl IntoIterator<Item = (String, String)>,
) -> Result<T, Flaw> {
    let mut grouped: BTreeMap<String, Texts> = BTreeMap::new();
    for (name, text) in pairs {
        grouped.entry(name).or_default().0.push(text);
    }
    let reader = MapDeserializer::<_, Fault>::new(grouped.into_iter());
    serde_path_to_error::deserialize(reader)
        .map_err(|error| describe(part, error.path(), &error.inner().to_string()))
}

/// The texts of one name, in their order; at least one.
#[derive(Default)]
struct Texts(Vec<String>);

impl Texts {
    fn one(mut self) -> Result<String, Fault> {
        match (self.0.pop(), self.0.is_empty()) {
            (Some(text), true) => Ok(text),
            _ => Err(Fault::custom("it is given several times")),
        }
    }

    fn enumerated(self) -> impl Iterator<Item = Self> {
        self.0.into_iter().map(|text| Self(vec![text]))
    }
}

impl IntoDeserializer<'_, Fault> for Texts {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let text = self.one()?;
            match text.parse::<$type>() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(Fault::invalid_type(Unexpected::Str(&text), &visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Texts {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_string(self.one()?)
    }

    parsed! {
        deserialize_bool visit_bool bool;
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_f32 visit_f32 f32;
        deserialize_f64 visit_f64 f64;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(self.one()?.into_deserializer())
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(SeqDeserializer::new(self.enumerated()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Query {
        limit: u16,
        #[serde(default)]
        state: Vec<State>,
        after: Option<Id>,
        #[serde(default)]
        deep: bool,
        share: Option<f64>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum State {
        Failed,
        WaitingLong,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(transparent)]
    struct Id(String);

    fn query(pairs: &[(&str, &str)]) -> Result<Query, Flaw> {
        let pairs = pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        read(Part::Query, pairs)
    }

    #[test]
    fn texts_become_what_the_struct_asks_for() {
        let all = [
            ("state", "failed"),
            ("limit", "20"),
            ("state", "waiting-long"),
            ("after", "42"),
            ("deep", "true"),
            ("share", "0.5"),
        ];
        let expected = Query {
            limit: 20,
            state: vec![State::Failed, State::WaitingLong],
            after: Some(Id("42".to_owned())),
            deep: true,
            share: Some(0.5),
        };
        assert_eq!(query(&all).unwrap(), expected);
        let least = query(&[("limit", "0")]).unwrap();
        assert_eq!((least.limit, least.after, least.state), (0, None, vec![]));
    }

    #[test]
    fn what_does_not_fit_is_told_by_its_name() {
        let check = |pairs: &[(&str, &str)], at: &str, code: &str| {
            let flaw = query(pairs).unwrap_err();
            assert_eq!(
                (flaw.at.as_str(), flaw.code.as_str()),
                (at, code),
                "{pairs:?}"
            );
        };
        let limit = ("limit", "1");
        check(&[], "?limit", "MISSING_KEY");
        check(&[("limit", "many")], "?limit", "WRONG_TYPE");
        check(&[("limit", "70000")], "?limit", "WRONG_TYPE");
        check(&[("limit", "-1")], "?limit", "WRONG_TYPE");
        check(&[("limit", "")], "?limit", "WRONG_TYPE");
        check(&[limit, limit], "?limit", "WRONG_TYPE");
        check(&[limit, ("deep", "yes")], "?deep", "WRONG_TYPE");
        check(&[limit, ("state", "gone")], "?state[0]", "UNKNOWN_VALUE");
        check(&[limit, ("ofset", "1")], "?ofset", "UNKNOWN_KEY");
    }

    #[test]
    fn nothing_is_nothing() {
        assert!(read::<Nothing>(Part::Query, []).is_ok());
        let one = [("a".to_owned(), "b".to_owned())];
        assert_eq!(read::<Nothing>(Part::Query, one).unwrap_err().at, "?a");
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
}
