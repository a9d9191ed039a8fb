//! From a Parquet file's footer to what a manifest says of it: counts, sizes, bounds. A bound that is
//! not certain is left out, never guessed: readers skip files by it.

use std::collections::{HashMap, HashSet};

use formats::parquet::FooterFacts;
use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, DataFileFormat, Datum, Literal, PrimitiveType,
    Schema, Struct,
};
use model::{Error, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;

/// Longer bounds of text and bytes are cut: the lower one down, the upper one up.
const BOUND_LENGTH: usize = 16;

/// What a manifest says of the file at `address`; `partition` is the value of the table's partition
/// column, where it has one.
pub(super) fn describe(
    address: &str,
    footer: &FooterFacts,
    schema: &Schema,
    partition: Option<&str>,
    spec_id: i32,
) -> Result<DataFile> {
    let mut columns = Columns::default();
    for group in footer.metadata.row_groups() {
        for chunk in group.columns() {
            columns.add(chunk, schema);
        }
    }
    let (lower, upper) = columns.bounds();
    let mut offsets: Vec<i64> = footer
        .metadata
        .row_groups()
        .iter()
        .filter_map(|group| group.column(0).byte_range().0.try_into().ok())
        .collect();
    offsets.sort_unstable();
    DataFileBuilder::default()
        .content(DataContentType::Data)
        .file_path(address.to_owned())
        .file_format(DataFileFormat::Parquet)
        .partition(Struct::from_iter(
            partition.map(|value| Some(Literal::string(value))),
        ))
        .partition_spec_id(spec_id)
        .record_count(footer.rows)
        .file_size_in_bytes(footer.bytes)
        .column_sizes(columns.sizes)
        .value_counts(columns.values)
        .null_value_counts(columns.nulls)
        .lower_bounds(lower)
        .upper_bounds(upper)
        .split_offsets(Some(offsets))
        .build()
        .map_err(|error| Error::internal(format!("an incomplete data file entry: {error}")))
}

/// What the row groups say of each column, by field id.
#[derive(Default)]
struct Columns {
    sizes: HashMap<i32, u64>,
    values: HashMap<i32, u64>,
    nulls: HashMap<i32, u64>,
    ranges: HashMap<i32, (Datum, Datum)>,
    /// Columns of which some row group says nothing.
    uncertain: HashSet<i32>,
    /// Columns whose nulls are not known everywhere.
    nulls_unknown: HashSet<i32>,
}

impl Columns {
    fn add(&mut self, chunk: &ColumnChunkMetaData, schema: &Schema) {
        let descriptor = chunk.column_descr();
        let info = descriptor.self_type().get_basic_info();
        if !info.has_id() {
            return;
        }
        let id = info.id();
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        *self.sizes.entry(id).or_default() += count(chunk.compressed_size());
        // Inside lists and maps a row has any number of values: what they count is of no use.
        if descriptor.max_rep_level() > 0 {
            return;
        }
        let values = count(chunk.num_values());
        *self.values.entry(id).or_default() += values;
        let statistics = chunk.statistics();
        let nulls = statistics.and_then(Statistics::null_count_opt);
        match nulls {
            Some(nulls) => *self.nulls.entry(id).or_default() += nulls,
            None => {
                self.nulls_unknown.insert(id);
            }
        }
        self.nulls.retain(|id, _| !self.nulls_unknown.contains(id));
        if nulls == Some(values) {
            return;
        }
        let primitive = schema
            .field_by_id(id)
            .and_then(|field| field.field_type.as_primitive_type());
        let range = statistics
            .zip(primitive)
            .and_then(|(statistics, primitive)| range(statistics, primitive));
        match range {
            Some(range) => self.widen(id, range),
            None => {
                self.uncertain.insert(id);
            }
        }
    }

    fn widen(&mut self, id: i32, (lower, upper): (Datum, Datum)) {
        let Some(known) = self.ranges.get_mut(&id) else {
            self.ranges.insert(id, (lower, upper));
            return;
        };
        if lower < known.0 {
            known.0 = lower;
        }
        if upper > known.1 {
            known.1 = upper;
        }
    }

    fn bounds(&self) -> (HashMap<i32, Datum>, HashMap<i32, Datum>) {
        let certain = || {
            self.ranges
                .iter()
                .filter(|(id, _)| !self.uncertain.contains(id))
        };
        let lower = certain().filter_map(|(id, range)| Some((*id, cut_down(&range.0)?)));
        let upper = certain().filter_map(|(id, range)| Some((*id, cut_up(&range.1)?)));
        (lower.collect(), upper.collect())
    }
}

/// The smallest and the largest value (or what is surely below and above them).
fn range(statistics: &Statistics, primitive: &PrimitiveType) -> Option<(Datum, Datum)> {
    // By what the file has, not by the table: a column may have grown since.
    let little_endian = matches!(statistics, Statistics::Int32(_) | Statistics::Int64(_));
    let smallest = statistics.min_bytes_opt()?;
    let largest = statistics.max_bytes_opt()?;
    Some((
        datum(smallest, primitive, little_endian)?,
        datum(largest, primitive, little_endian)?,
    ))
}

/// A value as Parquet's statistics spell it.
fn datum(bytes: &[u8], primitive: &PrimitiveType, little_endian: bool) -> Option<Datum> {
    let datum = match primitive {
        // Small decimals are little-endian integers in Parquet, big-endian in Iceberg.
        PrimitiveType::Decimal { .. } if little_endian => {
            let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
            Datum::try_from_bytes(&reversed, primitive.clone())
        }
        PrimitiveType::Uuid
        | PrimitiveType::Fixed(_)
        | PrimitiveType::TimestampNs
        | PrimitiveType::TimestamptzNs => return None,
        _ => Datum::try_from_bytes(bytes, primitive.clone()),
    };
    datum.ok().filter(|datum| !datum.is_nan())
}

/// The same or something below it.
fn cut_down(bound: &Datum) -> Option<Datum> {
    let bytes = bound.to_bytes().ok()?;
    match bound.data_type() {
        PrimitiveType::String => {
            let text = std::str::from_utf8(&bytes).ok()?;
            Some(Datum::string(
                text.chars().take(BOUND_LENGTH).collect::<String>(),
            ))
        }
        PrimitiveType::Binary => Some(Datum::binary(bytes.iter().take(BOUND_LENGTH).copied())),
        _ => Some(bound.clone()),
    }
}

/// The same or something above it; none where nothing short is above it.
fn cut_up(bound: &Datum) -> Option<Datum> {
    let bytes = bound.to_bytes().ok()?;
    match bound.data_type() {
        PrimitiveType::String => {
            let text = std::str::from_utf8(&bytes).ok()?;
            if text.chars().count() <= BOUND_LENGTH {
                return Some(bound.clone());
            }
            let mut kept: Vec<char> = text.chars().take(BOUND_LENGTH).collect();
            while let Some(last) = kept.pop() {
                if let Some(above) = next_character(last) {
                    kept.push(above);
                    return Some(Datum::string(kept.into_iter().collect::<String>()));
                }
            }
            None
        }
        PrimitiveType::Binary => {
            if bytes.len() <= BOUND_LENGTH {
                return Some(bound.clone());
            }
            let mut kept = bytes[..BOUND_LENGTH].to_vec();
            while let Some(last) = kept.pop() {
                if last < u8::MAX {
                    kept.push(last + 1);
                    return Some(Datum::binary(kept));
                }
            }
            None
        }
        _ => Some(bound.clone()),
    }
}

/// The next code point, surrogates left out; in UTF-8 its bytes are above the former's.
fn next_character(character: char) -> Option<char> {
    (u32::from(character) + 1..=u32::from(char::MAX)).find_map(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, lower: &str, upper: Option<&str>) {
        assert_eq!(cut_down(&Datum::string(text)), Some(Datum::string(lower)));
        assert_eq!(cut_up(&Datum::string(text)), upper.map(Datum::string));
    }

    #[test]
    fn long_text_is_cut_down_and_up() {
        check("short", "short", Some("short"));
        check(
            "0123456789abcdefg",
            "0123456789abcdef",
            Some("0123456789abcdeg"),
        );
        check(
            "0123456789abcde\u{d7ff}z",
            "0123456789abcde\u{d7ff}",
            Some("0123456789abcde\u{e000}"),
        );
        let highest = "\u{10ffff}".repeat(17);
        check(&highest, &"\u{10ffff}".repeat(16), None);
        let mixed = format!("a{highest}");
        check(
            &mixed,
            &mixed.chars().take(16).collect::<String>(),
            Some("b"),
        );
    }

    #[test]
    fn long_bytes_are_cut_down_and_up() {
        let long = [7_u8, 255].into_iter().chain([255; 15]).collect::<Vec<_>>();
        assert_eq!(
            cut_up(&Datum::binary(long.clone())),
            Some(Datum::binary([8]))
        );
        assert_eq!(cut_up(&Datum::binary([255; 17])), None);
        let lower = cut_down(&Datum::binary(long.clone()));
        assert_eq!(lower, Some(Datum::binary(long[..16].to_vec())));
    }

    #[test]
    fn nothing_is_bounded_by_nan() {
        let nan = f64::NAN.to_le_bytes();
        assert_eq!(datum(&nan, &PrimitiveType::Double, false), None);
        let one = 1.5_f64.to_le_bytes();
        assert_eq!(
            datum(&one, &PrimitiveType::Double, false),
            Some(Datum::double(1.5))
        );
    }

    #[test]
    fn small_decimals_turn_around() {
        let decimal = PrimitiveType::Decimal {
            precision: 9,
            scale: 2,
        };
        let value = datum(&(-110_i32).to_le_bytes(), &decimal, true).unwrap();
        assert_eq!(value.to_bytes().unwrap().as_slice(), [0x92]);
    }
}
