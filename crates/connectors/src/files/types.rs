//! What a logical type becomes in a Parquet file of the modern profile, in Hive's words, and what a
//! file's column holds. What comes out of [`holding`] is what [`logical`] reads back.

use arrow::datatypes::{DataType, TimeUnit};
use contract::{Holding, Reading, Refusal, TypeMapping};
use model::migration::ColumnChoice;
use model::plan::Fidelity;
use model::{Field, LogicalType, NativeColumn};

/// The mapping.
pub(super) struct FilesTypes;

impl TypeMapping for FilesTypes {
    fn to_logical(&self, column: &NativeColumn, _: &ColumnChoice) -> Result<Reading, Refusal> {
        let reason = format!("{:?} cannot be read: files are written only", column.name);
        Err(Refusal::new("UNSUPPORTED", reason))
    }

    fn to_native(&self, logical: &LogicalType) -> Result<Holding, Refusal> {
        holding(logical)
    }
}

fn holding(logical: &LogicalType) -> Result<Holding, Refusal> {
    let (holds, fidelity) = held(logical)?;
    Ok(Holding {
        native: native(&holds),
        holds,
        fidelity,
    })
}

fn held(logical: &LogicalType) -> Result<(LogicalType, Fidelity), Refusal> {
    let exact = |holds| Ok((holds, Fidelity::Exact));
    let widened = |holds| Ok((holds, Fidelity::Widened));
    match logical {
        LogicalType::Integer {
            bits,
            signed: false,
        } => widened(match bits {
            8 => LogicalType::int(16),
            16 => LogicalType::int(32),
            32 => LogicalType::int(64),
            _ => LogicalType::Decimal {
                precision: 20,
                scale: 0,
            },
        }),
        LogicalType::Text { .. } => exact(LogicalType::TEXT),
        LogicalType::Uuid | LogicalType::Json | LogicalType::Time { .. } => {
            widened(LogicalType::TEXT)
        }
        LogicalType::Timestamp { zoned, .. } => exact(LogicalType::Timestamp {
            precision: 6,
            zoned: *zoned,
        }),
        LogicalType::List(element) => {
            let (element, fidelity) = held(element)?;
            Ok((LogicalType::List(Box::new(element)), fidelity))
        }
        LogicalType::Map(value) => {
            let (value, fidelity) = held(value)?;
            Ok((LogicalType::Map(Box::new(value)), fidelity))
        }
        LogicalType::Struct(fields) => held_struct(fields),
        other => exact(other.clone()),
    }
}

fn held_struct(fields: &[Field]) -> Result<(LogicalType, Fidelity), Refusal> {
    if fields.is_empty() {
        let reason = "a parquet file cannot hold a struct without fields";
        return Err(Refusal::new("EMPTY_STRUCT", reason).propose("text"));
    }
    let mut worst = Fidelity::Exact;
    let mut parts = Vec::with_capacity(fields.len());
    for field in fields {
        let (logical, fidelity) = held(&field.logical)?;
        worst = worst.max(fidelity);
        parts.push(Field {
            name: field.name.clone(),
            logical,
        });
    }
    Ok((LogicalType::Struct(parts), worst))
}

/// The type in Hive's words.
pub(super) fn native(holds: &LogicalType) -> String {
    match holds {
        LogicalType::Boolean => "BOOLEAN".to_owned(),
        LogicalType::Integer { bits: 8, .. } => "TINYINT".to_owned(),
        LogicalType::Integer { bits: 16, .. } => "SMALLINT".to_owned(),
        LogicalType::Integer { bits: 32, .. } => "INT".to_owned(),
        LogicalType::Integer { .. } => "BIGINT".to_owned(),
        LogicalType::Decimal { precision, scale } => format!("DECIMAL({precision},{scale})"),
        LogicalType::Float32 => "FLOAT".to_owned(),
        LogicalType::Float64 => "DOUBLE".to_owned(),
        LogicalType::Text { .. }
        | LogicalType::Uuid
        | LogicalType::Json
        | LogicalType::Time { .. } => "STRING".to_owned(),
        LogicalType::Binary => "BINARY".to_owned(),
        LogicalType::Date => "DATE".to_owned(),
        LogicalType::Timestamp { zoned: false, .. } => "TIMESTAMP".to_owned(),
        LogicalType::Timestamp { zoned: true, .. } => "TIMESTAMP WITH LOCAL TIME ZONE".to_owned(),
        LogicalType::List(element) => format!("ARRAY<{}>", native(element)),
        LogicalType::Map(value) => format!("MAP<STRING,{}>", native(value)),
        LogicalType::Struct(fields) => {
            let parts: Vec<String> = fields
                .iter()
                .map(|field| format!("{}:{}", field.name, native(&field.logical)))
                .collect();
            format!("STRUCT<{}>", parts.join(","))
        }
    }
}

/// What a file's column holds; none for types that this connector never writes.
pub(super) fn logical(data_type: &DataType) -> Option<LogicalType> {
    Some(match data_type {
        DataType::Boolean => LogicalType::Boolean,
        DataType::Int8 => LogicalType::int(8),
        DataType::Int16 => LogicalType::int(16),
        DataType::Int32 => LogicalType::int(32),
        DataType::Int64 => LogicalType::int(64),
        DataType::Decimal128(precision, scale) => LogicalType::Decimal {
            precision: *precision,
            scale: u8::try_from(*scale).ok()?,
        },
        DataType::Float32 => LogicalType::Float32,
        DataType::Float64 => LogicalType::Float64,
        DataType::Utf8 => LogicalType::TEXT,
        DataType::Binary => LogicalType::Binary,
        DataType::Date32 => LogicalType::Date,
        DataType::Timestamp(TimeUnit::Microsecond, zone) => LogicalType::Timestamp {
            precision: 6,
            zoned: zone.is_some(),
        },
        DataType::List(element) => LogicalType::List(Box::new(logical(element.data_type())?)),
        DataType::Struct(fields) => LogicalType::Struct(
            fields
                .iter()
                .map(|field| {
                    Some(Field {
                        name: field.name().clone(),
                        logical: logical(field.data_type())?,
                    })
                })
                .collect::<Option<_>>()?,
        ),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(parts) if parts.len() == 2 => {
                LogicalType::Map(Box::new(logical(parts[1].data_type())?))
            }
            _ => return None,
        },
        _ => return None,
    })
}
