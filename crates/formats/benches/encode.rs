//! Bytes per second of each encoder, and of parquet-rs's for the same values.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use formats::parquet::Codec;

#[allow(dead_code, unreachable_pub, reason = "shared with the example")]
mod support;

const BATCHES: i64 = 64;
const ROWS: i64 = 8_192;

/// The same pseudorandom number for the same place, everywhere.
fn random(place: i64) -> i64 {
    (place.wrapping_mul(0x5851_F42D_4C95_7F2D) ^ 0x1405_7B7E).wrapping_mul(0x2545_F491_4F6C_DD1D)
        >> 20
}

fn column(name: &str, of: impl Fn(Vec<i64>) -> ArrayRef) -> Vec<RecordBatch> {
    let places = (0..BATCHES).map(|batch| (batch * ROWS..(batch + 1) * ROWS).collect());
    support::column(name, places.map(of))
}

fn integers(name: &str, of: impl Fn(i64) -> i64) -> Vec<RecordBatch> {
    column(name, |places| {
        Arc::new(Int64Array::from_iter_values(places.into_iter().map(&of)))
    })
}

fn texts(name: &str, of: impl Fn(i64) -> Option<String>) -> Vec<RecordBatch> {
    column(name, |places| {
        Arc::new(StringArray::from_iter(places.into_iter().map(&of)))
    })
}

fn decimals(name: &str, precision: u8, of: impl Fn(i64) -> i64) -> Vec<RecordBatch> {
    column(name, |places| {
        let digits = places.into_iter().map(|place| i128::from(of(place)));
        let array = Decimal128Array::from_iter_values(digits);
        Arc::new(array.with_precision_and_scale(precision, 2).unwrap())
    })
}

fn columns() -> Vec<(&'static str, Vec<RecordBatch>)> {
    let words = ["AIR", "MAIL", "RAIL", "SHIP", "TRUCK", "REG AIR", "FOB"];
    let word = |place: i64| words[random(place).unsigned_abs() as usize % words.len()].to_owned();
    let sentence = |place: i64| format!("{} {:x} {}", word(place), random(place), word(place / 3));
    vec![
        ("integers/few", integers("c", |place| random(place) % 50)),
        (
            "integers/thousands",
            integers("c", |place| random(place) % 20_000 * 7_919),
        ),
        ("integers/unique", integers("c", random)),
        ("integers/sorted_keys", integers("c", |place| place / 4 * 4)),
        (
            "decimals/few",
            decimals("c", 15, |place| random(place) % 50 * 100),
        ),
        (
            "decimals/many",
            decimals("c", 15, |place| random(place) % 10_000_000),
        ),
        (
            "decimals/long",
            decimals("c", 38, |place| random(place) % 10_000_000),
        ),
        (
            "dates",
            column("c", |places| {
                let days = places
                    .into_iter()
                    .map(|place| (random(place) % 2_500) as i32);
                Arc::new(Date32Array::from_iter_values(days))
            }),
        ),
        (
            "floats",
            column("c", |places| {
                let values = places.into_iter().map(|place| random(place) as f64 / 7.0);
                Arc::new(Float64Array::from_iter_values(values))
            }),
        ),
        (
            "booleans/with_nulls",
            column("c", |places| {
                let values = places.into_iter().map(random);
                let values = values.map(|value| (value % 5 != 0).then_some(value % 2 == 0));
                Arc::new(BooleanArray::from_iter(values))
            }),
        ),
        ("text/few", texts("c", |place| Some(word(place)))),
        (
            "text/few_with_nulls",
            texts("c", |place| (place % 3 != 0).then(|| word(place))),
        ),
        ("text/unique", texts("c", |place| Some(sentence(place)))),
        (
            "text/long_unique",
            texts("c", |place| {
                Some((0..12).map(|part| sentence(place + part)).collect())
            }),
        ),
    ]
}

fn encode(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let tables = [
        ("tpch/lineitem", support::lineitem(0.1, 400_000)),
        ("tpch/orders", support::orders(0.1, 400_000)),
    ];
    for (name, batches) in columns().into_iter().chain(tables) {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(support::bytes(&batches) as u64));
        group.sample_size(10);
        group.bench_function("ours", |bencher| {
            bencher.iter(|| support::ours(&path, &batches, Codec::Snappy));
        });
        group.bench_function("arrow_writer", |bencher| {
            bencher.iter(|| support::theirs(&path, &batches, Codec::Snappy));
        });
        group.finish();
    }
}

criterion_group!(benches, encode);
criterion_main!(benches);
