//! Each decoder alone, on one core: bytes as the server sends them, in bytes per second.

use bytes::{BufMut, Bytes, BytesMut};
use connectors::decoders::{mysql, postgres, scan};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model::LogicalType;
use model::plan::Scan;

const ROWS: u32 = 50_000;

/// How a server calls a type, the word of its decoding, and the bytes of the nth value.
type Sent = (&'static str, &'static str, fn(u32) -> Vec<u8>);

/// A name, what a value becomes, and how the two servers send it.
struct Case {
    name: &'static str,
    logical: LogicalType,
    postgres: Sent,
    mysql: Sent,
}

fn cases() -> Vec<Case> {
    let decimal = LogicalType::Decimal {
        precision: 15,
        scale: 2,
    };
    vec![
        Case {
            name: "integers",
            logical: LogicalType::int(32),
            postgres: ("int4", "native", |n| n.to_be_bytes().to_vec()),
            mysql: ("int", "integer", |n| n.to_le_bytes().to_vec()),
        },
        Case {
            name: "decimals",
            logical: decimal,
            postgres: ("numeric", "numeric", numeric),
            mysql: ("decimal", "decimal", |n| {
                counted(format!("{}.{:02}", n * 17, n % 100).as_bytes())
            }),
        },
        Case {
            name: "dates",
            logical: LogicalType::Date,
            postgres: ("date", "native", |n| (n % 9_000).to_be_bytes().to_vec()),
            mysql: ("date", "date", |n| {
                let day = u8::try_from(n % 28).unwrap_or(0) + 1;
                vec![4, 0xcd, 0x07, 6, day]
            }),
        },
        Case {
            name: "short text",
            logical: LogicalType::TEXT,
            postgres: ("text", "native", |n| format!("mode {}", n % 7).into_bytes()),
            mysql: ("varchar", "text:utf8mb4", |n| {
                counted(format!("mode {}", n % 7).as_bytes())
            }),
        },
        Case {
            name: "long text",
            logical: LogicalType::TEXT,
            postgres: ("text", "native", |n| sentence(n).into_bytes()),
            mysql: ("varchar", "text:utf8mb4", |n| {
                counted(sentence(n).as_bytes())
            }),
        },
    ]
}

fn sentence(n: u32) -> String {
    format!(
        "{n} carefully final deposits sleep quickly across the ironic requests of the {n}th day"
    )
}

/// Two groups before the point, one behind it, as the server sends 12,345,678.90.
fn numeric(n: u32) -> Vec<u8> {
    let group = |number: u32| u16::try_from(number % 10_000).unwrap_or(0);
    let groups = [group(n / 10_000) + 1, group(n), group(n % 100 * 100)];
    let head = [3_u16, 1, 0, 2];
    let words = head.iter().chain(&groups);
    words.flat_map(|word| word.to_be_bytes()).collect()
}

/// Behind its length, which is below 251.
fn counted(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap_or(0);
    std::iter::once(length)
        .chain(bytes.iter().copied())
        .collect()
}

fn copy_messages(value: fn(u32) -> Vec<u8>) -> Bytes {
    let mut messages = BytesMut::new();
    let mut put = |payload: &[u8]| {
        messages.put_u8(b'd');
        messages.put_u32(u32::try_from(payload.len() + 4).unwrap_or(0));
        messages.put_slice(payload);
    };
    put(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    for n in 0..ROWS {
        let value = value(n);
        let mut row = vec![0, 1];
        row.put_u32(u32::try_from(value.len()).unwrap_or(0));
        row.put_slice(&value);
        put(&row);
    }
    put(&[0xff, 0xff]);
    messages.freeze()
}

fn packets(value: fn(u32) -> Vec<u8>) -> Vec<Vec<u8>> {
    let packet = |n| [&[0, 0][..], &value(n)].concat();
    (0..ROWS).map(packet).collect()
}

fn decoders(criterion: &mut Criterion) {
    for case in cases() {
        let mut group = criterion.benchmark_group(case.name);
        let read = |(base, decode): (&str, &str)| -> Scan {
            scan(&[(base, case.logical.clone(), decode)])
        };
        let (base, decode, value) = case.postgres;
        let (table, messages) = (read((base, decode)), copy_messages(value));
        group.throughput(Throughput::Bytes(messages.len() as u64));
        group.bench_function("binary copy", |bencher| {
            bencher.iter(|| postgres(&table, &messages).map_err(|error| error.to_string()));
        });
        assert_eq!(postgres(&table, &messages).ok(), Some(ROWS as usize));
        let (base, decode, value) = case.mysql;
        let (table, packets) = (read((base, decode)), packets(value));
        let bytes: usize = packets.iter().map(Vec::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function("binary rows", |bencher| {
            bencher.iter(|| mysql(&table, &packets).map_err(|error| error.to_string()));
        });
        assert_eq!(mysql(&table, &packets).ok(), Some(ROWS as usize));
        group.finish();
    }
}

criterion_group!(benches, decoders);
criterion_main!(benches);
