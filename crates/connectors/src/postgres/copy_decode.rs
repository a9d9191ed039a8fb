//! The binary COPY format into record batches: signature, rows, trailer. Messages may be cut
//! anywhere; a stream without its trailer is an error, for rows may be missing.

use arrow::array::RecordBatch;
use bytes::Bytes;
use contract::{BatchLimits, Rejected, Rejection};
use model::plan::Scan;
use model::{Result, SplitId};

use crate::family::batch::BatchBuilder;

use super::errors::protocol;
use super::numeric;
use super::print;
use super::types::wire_of;
use super::values::{Misfit, Wire};

/// Decodes a whole copy, given as its messages; how many values there were.
pub(crate) fn decode(scan: &Scan, limits: BatchLimits, messages: &Bytes) -> Result<usize> {
    let rejected = Rejected::new(&scan.table, &SplitId::new("0"));
    let mut decoder = CopyDecoder::new(scan, limits, rejected)?;
    decoder.feed(messages.clone());
    let mut values = 0;
    let mut count = |batch: RecordBatch| values += batch.num_rows() * batch.num_columns();
    while decoder.advance()? == Step::Full {
        decoder.take()?.into_iter().for_each(&mut count);
    }
    decoder.finish()?;
    decoder.take()?.into_iter().for_each(&mut count);
    Ok(values)
}

const TRAILER: usize = 2;
const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Decodes one stream. Feed messages, then advance until more are needed.
pub(super) struct CopyDecoder {
    columns: Vec<Column>,
    /// The places of the key's columns, empty where the key cannot name a row.
    key: Vec<usize>,
    batch: BatchBuilder,
    value_bytes: usize,
    rejected: Rejected,
    state: State,
    /// Whole messages, those before `at` done with.
    messages: Bytes,
    at: usize,
    /// The start of a row whose rest stands in a later message. The server sends a row a message, but
    /// the protocol does not say that it must.
    rest: Vec<u8>,
    rows: u64,
}

struct Column {
    name: String,
    wire: Wire,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    Rows,
    Ended,
}

/// What became of an attempt to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Feed the next message.
    NeedsMore,
    /// Take the batch.
    Full,
}

const LONGEST_KEY_SHOWN: usize = 200;

impl CopyDecoder {
    pub(super) fn new(scan: &Scan, limits: BatchLimits, rejected: Rejected) -> Result<Self> {
        let columns = scan.columns.iter().map(|column| {
            Ok(Column {
                name: column.native.name.clone(),
                wire: wire_of(&scan.private, column)?,
            })
        });
        let columns: Vec<Column> = columns.collect::<Result<_>>()?;
        Ok(Self {
            key: key_places(scan, &columns),
            batch: BatchBuilder::new(&scan.columns, limits),
            columns,
            value_bytes: limits.value_bytes,
            rejected,
            state: State::Header,
            messages: Bytes::new(),
            at: 0,
            rest: Vec::new(),
            rows: 0,
        })
    }

    /// Takes the next messages of data, whole ones with their heads, once the last ones are done with.
    pub(super) fn feed(&mut self, messages: Bytes) {
        debug_assert!(self.at == self.messages.len(), "messages are left");
        self.messages = messages;
        self.at = 0;
    }

    /// Decodes rows until the batch is full or the messages hold no whole row.
    pub(super) fn advance(&mut self) -> Result<Step> {
        if !self.rest.is_empty() {
            self.decode_rest()?;
        }
        let messages = self.messages.clone();
        while !self.batch.is_full() {
            let Some(payload) = self.next_message(&messages)? else {
                return Ok(Step::NeedsMore);
            };
            if self.rest.is_empty() {
                let decoded = self.decode(payload)?;
                if decoded < payload.len() {
                    self.rest.extend_from_slice(&payload[decoded..]);
                }
            } else {
                self.rest.extend_from_slice(payload);
                self.decode_rest()?;
            }
        }
        Ok(Step::Full)
    }

    /// What the next message carries.
    #[inline]
    fn next_message<'a>(&mut self, messages: &'a [u8]) -> Result<Option<&'a [u8]>> {
        const HEAD: usize = 5;
        let Some(message) = messages.get(self.at..).filter(|rest| !rest.is_empty()) else {
            return Ok(None);
        };
        let length = message.get(1..HEAD).map(<[u8; 4]>::try_from);
        let payload = match length {
            Some(Ok(length)) => message.get(HEAD..u32::from_be_bytes(length) as usize + 1),
            _ => None,
        };
        let payload = payload.ok_or_else(|| protocol("a message of the copy is cut short"))?;
        self.at += HEAD + payload.len();
        Ok(Some(payload))
    }

    fn decode_rest(&mut self) -> Result<()> {
        let rest = std::mem::take(&mut self.rest);
        let decoded = self.decode(&rest)?;
        self.rest = rest;
        self.rest.drain(..decoded);
        if self.rest.is_empty() {
            self.rest = Vec::new();
        }
        Ok(())
    }

    /// Decodes rows until the batch is full or `bytes` hold no whole row; how many bytes are done with.
    #[inline]
    fn decode(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut at = 0;
        if self.state == State::Header {
            at = self.header_length(bytes)?;
        }
        while self.state == State::Rows && !self.batch.is_full() {
            match self.row_length(&bytes[at..])? {
                Some(length) => {
                    self.decode_row(&bytes[at..at + length])?;
                    at += length;
                }
                None if self.state == State::Ended => at += TRAILER,
                None => break,
            }
        }
        if self.state == State::Ended && at < bytes.len() {
            return Err(protocol(
                "the server sent rows behind the trailer of the copy",
            ));
        }
        Ok(at)
    }

    /// The rows so far; `None` where there are none.
    pub(super) fn take(&mut self) -> Result<Option<RecordBatch>> {
        if self.batch.is_empty() {
            return Ok(None);
        }
        if self.at == self.messages.len() {
            // A large value is not kept beside the batch that holds it.
            self.feed(Bytes::new());
        }
        self.batch.take().map(Some)
    }

    /// How many rows were seen, rejected ones included.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Call at the end of the stream: an error unless the trailer was seen.
    pub(super) fn finish(&self) -> Result<()> {
        if self.state == State::Ended {
            return Ok(());
        }
        Err(protocol(
            "the copy ended before its trailer: rows may be missing",
        ))
    }

    /// The length of the header, which is behind us then; 0 where it is not there in full.
    fn header_length(&mut self, bytes: &[u8]) -> Result<usize> {
        let seen = bytes.len().min(SIGNATURE.len());
        if bytes[..seen] != SIGNATURE[..seen] {
            return Err(protocol("the copy does not start with its signature"));
        }
        let Some(Ok(lengths)) = bytes.get(11..19).map(<[u8; 8]>::try_from) else {
            return Ok(0);
        };
        let flags = u32::from_be_bytes([lengths[0], lengths[1], lengths[2], lengths[3]]);
        if flags & 0xffff_0000 != 0 {
            return Err(protocol("the copy is of a form that is not known"));
        }
        let extension = u32::from_be_bytes([lengths[4], lengths[5], lengths[6], lengths[7]]);
        let header = 19 + extension as usize;
        if bytes.len() < header {
            return Ok(0);
        }
        self.state = State::Rows;
        Ok(header)
    }

    /// The length of the row at the front; `None` where it is not there in full, or where the trailer
    /// stands in its place.
    #[inline]
    fn row_length(&mut self, bytes: &[u8]) -> Result<Option<usize>> {
        let Some(count) = bytes.first_chunk::<2>() else {
            return Ok(None);
        };
        let count = i16::from_be_bytes(*count);
        if count == -1 {
            self.state = State::Ended;
            return Ok(None);
        }
        if usize::try_from(count) != Ok(self.columns.len()) {
            let wanted = self.columns.len();
            return Err(protocol(format!(
                "a row has {count} columns instead of {wanted}"
            )));
        }
        let mut at = 2;
        for _ in 0..count {
            let Some(Ok(length)) = bytes.get(at..at + 4).map(<[u8; 4]>::try_from) else {
                return Ok(None);
            };
            at += 4;
            let length = i32::from_be_bytes(length);
            if length != -1 {
                at += usize::try_from(length)
                    .map_err(|_| protocol("a value has a negative length"))?;
            }
        }
        Ok((at <= bytes.len()).then_some(at))
    }

    /// Appends a whole row.
    fn decode_row(&mut self, row: &[u8]) -> Result<()> {
        self.rows += 1;
        let mut misfit = None;
        let columns = self.columns.iter().zip(&mut self.batch.columns);
        for (index, ((column, builder), value)) in columns.zip(values(row)).enumerate() {
            if misfit.is_some() {
                builder.append_null();
                continue;
            }
            if value.is_some_and(|value| value.len() > self.value_bytes) {
                builder.append_null();
                let reason = "the value is larger than the limit";
                misfit = Some((index, "VALUE_TOO_LARGE", reason));
                continue;
            }
            match column.wire.append(value, builder) {
                Ok(()) => {}
                Err(Misfit::Rejected(code, reason)) => misfit = Some((index, code, reason)),
                Err(Misfit::Malformed) => {
                    let name = &column.name;
                    return Err(protocol(format!(
                        "a value of column {name} is not of its type's form"
                    )));
                }
            }
        }
        self.batch.end_row(row.len(), misfit.is_none());
        if let Some((index, code, reason)) = misfit {
            let key = self.key_values(row);
            self.rejected.push(Rejection {
                locator: self.locator(&key),
                key,
                column: &self.columns[index].name,
                code,
                reason: reason.to_owned(),
                bytes: values(row).nth(index).flatten().unwrap_or_default(),
            });
        }
        Ok(())
    }

    /// The values of the row's key; none where they cannot be told.
    fn key_values(&self, row: &[u8]) -> Vec<String> {
        let texts = self.key.iter().map(|index| {
            let value = values(row).nth(*index).flatten()?;
            key_text(&self.columns[*index].wire, value)
        });
        texts.collect::<Option<Vec<_>>>().unwrap_or_default()
    }

    /// The row's key, or its place in the split.
    fn locator(&self, key: &[String]) -> String {
        if key.is_empty() {
            return format!("row {}", self.rows);
        }
        let parts = self.key.iter().zip(key).map(|(index, value)| {
            let short: String = value.chars().take(LONGEST_KEY_SHOWN).collect();
            format!("{}={short}", self.columns[*index].name)
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// The values of a whole row, `None` being null.
#[inline]
fn values(row: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = row.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        rest = after;
        // A negative one was refused before, but for that of null.
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            return Some(None);
        };
        let (value, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(Some(value))
    })
}

/// Where the key's columns stand, if all of them are read and of types that name a row.
fn key_places(scan: &Scan, columns: &[Column]) -> Vec<usize> {
    let places = scan.primary_key.iter().map(|name| {
        let place = columns.iter().position(|column| column.name == *name)?;
        let names_rows = matches!(
            columns[place].wire,
            Wire::Int2
                | Wire::Int4
                | Wire::Int8
                | Wire::Oid
                | Wire::Text
                | Wire::PaddedText
                | Wire::TrimmedText
                | Wire::Uuid
                | Wire::Numeric(..)
                | Wire::Date
                | Wire::Timestamp
        );
        names_rows.then_some(place)
    });
    places.collect::<Option<Vec<usize>>>().unwrap_or_default()
}

fn key_text(wire: &Wire, value: &[u8]) -> Option<String> {
    Some(match wire {
        Wire::Int2 => i16::from_be_bytes(value.try_into().ok()?).to_string(),
        Wire::Int4 => i32::from_be_bytes(value.try_into().ok()?).to_string(),
        Wire::Int8 => i64::from_be_bytes(value.try_into().ok()?).to_string(),
        Wire::Oid => u32::from_be_bytes(value.try_into().ok()?).to_string(),
        Wire::Text | Wire::PaddedText | Wire::TrimmedText => {
            std::str::from_utf8(value).ok()?.to_owned()
        }
        Wire::Date => print::date(i32::from_be_bytes(value.try_into().ok()?)),
        Wire::Timestamp => print::wall_clock(i64::from_be_bytes(value.try_into().ok()?)),
        Wire::Numeric(..) => numeric::printed(value)?,
        Wire::Uuid => String::from_utf8(print::uuid(value.try_into().ok()?).to_vec()).ok()?,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Int32Type;
    use contract::Rejected;
    use model::plan::ScanColumn;
    use model::{LogicalType, NativeColumn, SplitId, TableKind, TableName};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn column(name: &str, base: &str, logical: LogicalType) -> ScanColumn {
        let native = NativeColumn {
            name: name.to_owned(),
            base: base.to_owned(),
            private: json!({"schema": "pg_catalog", "kind": "b"}),
            ..NativeColumn::default()
        };
        ScanColumn {
            native,
            logical,
            expression: None,
            decode: "native".to_owned(),
        }
    }

    fn decoder(rejected: &Rejected) -> CopyDecoder {
        let scan = Scan {
            table: TableName::new("s", "t"),
            kind: TableKind::Table,
            columns: vec![
                column("id", "int4", LogicalType::int(32)),
                column("v", "text", LogicalType::TEXT),
            ],
            filter: None,
            split_by: Vec::new(),
            primary_key: vec!["id".to_owned()],
            estimated_rows: None,
            estimated_bytes: None,
            fingerprint: String::new(),
            private: json!(null),
        };
        let limits = BatchLimits {
            rows: 3,
            value_bytes: 20,
            ..BatchLimits::default()
        };
        CopyDecoder::new(&scan, limits, rejected.clone()).unwrap()
    }

    fn rejected() -> Rejected {
        Rejected::new(&TableName::new("s", "t"), &SplitId::new("00000"))
    }

    /// A whole copy of these rows.
    fn copy(rows: &[(i32, Option<&[u8]>)]) -> Vec<u8> {
        let mut bytes = [&SIGNATURE[..], &[0; 8]].concat();
        for (id, value) in rows {
            bytes.extend(2_i16.to_be_bytes());
            bytes.extend(4_i32.to_be_bytes());
            bytes.extend(id.to_be_bytes());
            match value {
                Some(value) => {
                    bytes.extend(i32::try_from(value.len()).unwrap().to_be_bytes());
                    bytes.extend(*value);
                }
                None => bytes.extend((-1_i32).to_be_bytes()),
            }
        }
        bytes.extend((-1_i16).to_be_bytes());
        bytes
    }

    /// The ids of all rows that arrive when `messages` are fed one by one.
    fn decode<'a>(
        decoder: &mut CopyDecoder,
        messages: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Vec<i32>> {
        let mut ids = Vec::new();
        let mut collect = |decoder: &mut CopyDecoder| {
            if let Some(batch) = decoder.take()? {
                assert!(batch.num_rows() <= 3);
                ids.extend(batch.column(0).as_primitive::<Int32Type>().values());
            }
            Ok(())
        };
        for message in messages {
            let mut whole = vec![b'd'];
            whole.extend(u32::try_from(message.len() + 4).unwrap().to_be_bytes());
            whole.extend(message);
            decoder.feed(whole.into());
            while decoder.advance()? == Step::Full {
                collect(decoder)?;
            }
        }
        decoder.finish()?;
        collect(decoder)?;
        Ok(ids)
    }

    #[test]
    fn rows_that_do_not_fit_are_rejected_by_key() {
        let rejected = rejected();
        let rows: [(i32, Option<&[u8]>); 4] = [
            (1, Some(b"a")),
            (2, Some(&[0xff, 0x62])),
            (3, Some(&[b'x'; 21])),
            (4, None),
        ];
        let bytes = copy(&rows);
        let ids = decode(&mut decoder(&rejected), std::iter::once(&bytes[..])).unwrap();
        assert_eq!(ids, [1, 4]);
        let found: Vec<(String, String, String)> = rejected
            .take()
            .into_iter()
            .map(|row| (row.locator, row.column, row.code))
            .collect();
        let expected = [
            ("id=2", "v", "INVALID_UTF8"),
            ("id=3", "v", "VALUE_TOO_LARGE"),
        ];
        let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_copy_cut_short_anywhere_is_an_error() {
        let bytes = copy(&[(1, Some(b"a")), (2, None)]);
        for length in 0..bytes.len() {
            let cut = decode(&mut decoder(&rejected()), std::iter::once(&bytes[..length]));
            assert_eq!(cut.unwrap_err().code, "PROTOCOL", "{length} bytes");
        }
    }

    #[test]
    fn what_is_no_copy_is_an_error() {
        let mut no_signature = copy(&[]);
        no_signature[3] = b'X';
        let mut other_width = copy(&[(1, None)]);
        other_width[20] = 3;
        let mut other_length = copy(&[(1, None)]);
        other_length[24] = 3;
        let behind_trailer = [copy(&[]), vec![0]].concat();
        for bytes in [no_signature, other_width, other_length, behind_trailer] {
            let broken = decode(&mut decoder(&rejected()), std::iter::once(&bytes[..]));
            assert_eq!(broken.unwrap_err().code, "PROTOCOL");
        }
    }

    proptest! {
        #[test]
        fn messages_may_be_cut_anywhere(count in 0_i32..12, sizes in prop::collection::vec(1_usize..40, 1..60)) {
            let rows: Vec<(i32, Option<&[u8]>)> = (0..count)
                .map(|id| (id, (id % 3 != 0).then_some(&b"some text"[..])))
                .collect();
            let bytes = copy(&rows);
            let mut messages = Vec::new();
            let mut rest = &bytes[..];
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (message, after) = rest.split_at((*size).min(rest.len()));
                messages.push(message);
                rest = after;
            }
            let ids = decode(&mut decoder(&rejected()), messages.into_iter()).unwrap();
            prop_assert_eq!(ids, (0..count).collect::<Vec<i32>>());
        }
    }
}
