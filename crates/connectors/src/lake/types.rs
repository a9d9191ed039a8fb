//! Logical types to Iceberg types and back, and the Iceberg types' spelling. Integers below 32 bits,
//! UUIDs, JSON and times of day become wider or plainer types that every reader of Iceberg knows.

use contract::{Holding, Reading, Refusal, TypeMapping};
use iceberg::spec::{ListType, MapType, NestedField, PrimitiveType, StructType, Type};
use model::migration::ColumnChoice;
use model::plan::Fidelity;
use model::{Field, LogicalType, NativeColumn};

/// Iceberg's types.
pub(super) struct Types;

impl TypeMapping for Types {
    fn to_logical(&self, column: &NativeColumn, choice: &ColumnChoice) -> Result<Reading, Refusal> {
        if let Some(read_as) = &choice.read_as {
            return Err(Refusal::new(
                "CHOICE_UNSUPPORTED",
                format!("an Iceberg column is read as what it is, not as {read_as}"),
            ));
        }
        if choice.charset.is_some() {
            return Err(Refusal::new(
                "CHOICE_UNSUPPORTED",
                "text in an Iceberg table is always UTF-8",
            ));
        }
        let native = native_type(column)
            .ok_or_else(|| unknown(&column.type_text, "is not known to this version"))?;
        let logical = logical(&native)?;
        Ok(Reading::exact(logical, column.base.clone()))
    }

    fn to_native(&self, wanted: &LogicalType) -> Result<Holding, Refusal> {
        let holds = held(wanted);
        let native = spelled(&iceberg_type(&holds, &mut 0));
        let fidelity = if holds == *wanted {
            Fidelity::Exact
        } else {
            Fidelity::Widened
        };
        Ok(Holding {
            native,
            holds,
            fidelity,
        })
    }
}

/// The Iceberg type that `describe` put into the column.
pub(super) fn native_type(column: &NativeColumn) -> Option<Type> {
    serde_json::from_value(column.private.get("type")?.clone()).ok()
}

/// What a column of this logical type holds in an Iceberg table.
pub(super) fn held(wanted: &LogicalType) -> LogicalType {
    match wanted {
        LogicalType::Integer {
            bits: 64,
            signed: false,
        } => LogicalType::Decimal {
            precision: 20,
            scale: 0,
        },
        LogicalType::Integer { bits: 64, .. }
        | LogicalType::Integer {
            bits: 32,
            signed: false,
        } => LogicalType::int(64),
        LogicalType::Integer { .. } => LogicalType::int(32),
        LogicalType::Text { .. }
        | LogicalType::Uuid
        | LogicalType::Json
        | LogicalType::Time { .. } => LogicalType::TEXT,
        LogicalType::Timestamp { zoned, .. } => LogicalType::Timestamp {
            precision: 6,
            zoned: *zoned,
        },
        LogicalType::List(element) => LogicalType::List(Box::new(held(element))),
        LogicalType::Map(value) => LogicalType::Map(Box::new(held(value))),
        LogicalType::Struct(fields) => LogicalType::Struct(
            fields
                .iter()
                .map(|field| Field {
                    name: field.name.clone(),
                    logical: held(&field.logical),
                })
                .collect(),
        ),
        LogicalType::Boolean
        | LogicalType::Decimal { .. }
        | LogicalType::Float32
        | LogicalType::Float64
        | LogicalType::Binary
        | LogicalType::Date => wanted.clone(),
    }
}

/// The Iceberg type of what a column holds; fields inside get the ids after `last_id`.
pub(super) fn iceberg_type(holds: &LogicalType, last_id: &mut i32) -> Type {
    let mut next = || {
        *last_id += 1;
        *last_id
    };
    let primitive = match holds {
        LogicalType::List(element) => {
            let id = next();
            let element = iceberg_type(element, last_id);
            return Type::List(ListType::new(
                NestedField::list_element(id, element, false).into(),
            ));
        }
        LogicalType::Map(value) => {
            let (key_id, value_id) = (next(), next());
            let value = iceberg_type(value, last_id);
            let key = Type::Primitive(PrimitiveType::String);
            return Type::Map(MapType::optional(key_id, key, value_id, value));
        }
        LogicalType::Struct(fields) => {
            let fields = fields.iter().map(|field| {
                *last_id += 1;
                let id = *last_id;
                let inner = iceberg_type(&field.logical, last_id);
                NestedField::optional(id, &field.name, inner).into()
            });
            return Type::Struct(StructType::new(fields.collect()));
        }
        LogicalType::Boolean => PrimitiveType::Boolean,
        LogicalType::Integer { bits: 64, .. } => PrimitiveType::Long,
        LogicalType::Integer { .. } => PrimitiveType::Int,
        LogicalType::Decimal { precision, scale } => PrimitiveType::Decimal {
            precision: u32::from(*precision),
            scale: u32::from(*scale),
        },
        LogicalType::Float32 => PrimitiveType::Float,
        LogicalType::Float64 => PrimitiveType::Double,
        LogicalType::Binary => PrimitiveType::Binary,
        LogicalType::Date => PrimitiveType::Date,
        LogicalType::Timestamp { zoned: false, .. } => PrimitiveType::Timestamp,
        LogicalType::Timestamp { zoned: true, .. } => PrimitiveType::Timestamptz,
        LogicalType::Text { .. }
        | LogicalType::Uuid
        | LogicalType::Json
        | LogicalType::Time { .. } => PrimitiveType::String,
    };
    Type::Primitive(primitive)
}

/// What a column of this Iceberg type is read as.
pub(super) fn logical(native: &Type) -> Result<LogicalType, Refusal> {
    Ok(match native {
        Type::Primitive(primitive) => primitive_logical(primitive)?,
        Type::List(list) => LogicalType::List(Box::new(logical(&list.element_field.field_type)?)),
        Type::Map(map) => {
            let key = &*map.key_field.field_type;
            if *key != Type::Primitive(PrimitiveType::String) {
                let reason = format!(
                    "has keys of type {}, and only text keys travel",
                    spelled(key)
                );
                return Err(unknown(&spelled(native), &reason));
            }
            LogicalType::Map(Box::new(logical(&map.value_field.field_type)?))
        }
        Type::Struct(structure) => LogicalType::Struct(
            structure
                .fields()
                .iter()
                .map(|field| {
                    Ok(Field {
                        name: field.name.clone(),
                        logical: logical(&field.field_type)?,
                    })
                })
                .collect::<Result<_, Refusal>>()?,
        ),
    })
}

fn primitive_logical(primitive: &PrimitiveType) -> Result<LogicalType, Refusal> {
    let small = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    Ok(match primitive {
        PrimitiveType::Boolean => LogicalType::Boolean,
        PrimitiveType::Int => LogicalType::int(32),
        PrimitiveType::Long => LogicalType::int(64),
        PrimitiveType::Float => LogicalType::Float32,
        PrimitiveType::Double => LogicalType::Float64,
        PrimitiveType::Decimal { precision, scale } => LogicalType::Decimal {
            precision: small(*precision),
            scale: small(*scale),
        },
        PrimitiveType::Date => LogicalType::Date,
        PrimitiveType::Time => LogicalType::Time { precision: 6 },
        PrimitiveType::Timestamp => LogicalType::Timestamp {
            precision: 6,
            zoned: false,
        },
        PrimitiveType::Timestamptz => LogicalType::Timestamp {
            precision: 6,
            zoned: true,
        },
        PrimitiveType::String => LogicalType::TEXT,
        PrimitiveType::Uuid => LogicalType::Uuid,
        PrimitiveType::Fixed(_) | PrimitiveType::Binary => LogicalType::Binary,
        PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs => {
            return Err(unknown(
                &primitive.to_string(),
                "holds nanoseconds, and timestamps travel in microseconds",
            ));
        }
    })
}

/// The type as people write it: `map<string, list<int>>`.
pub(super) fn spelled(native: &Type) -> String {
    match native {
        Type::Primitive(primitive) => primitive.to_string(),
        Type::List(list) => format!("list<{}>", spelled(&list.element_field.field_type)),
        Type::Map(map) => format!(
            "map<{}, {}>",
            spelled(&map.key_field.field_type),
            spelled(&map.value_field.field_type)
        ),
        Type::Struct(structure) => {
            let fields = structure
                .fields()
                .iter()
                .map(|field| format!("{}: {}", field.name, spelled(&field.field_type)));
            format!("struct<{}>", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

/// The type's bare name: `decimal`, `list`.
pub(super) fn base(native: &Type) -> String {
    let spelled = spelled(native);
    let end = spelled.find(['(', '<']).unwrap_or(spelled.len());
    spelled[..end].to_owned()
}

/// An Iceberg field as a column in Iceberg's own words.
pub(super) fn native_column(field: &NestedField) -> NativeColumn {
    let native = &*field.field_type;
    let parts = match native {
        Type::Primitive(_) => Vec::new(),
        Type::List(list) => vec![native_column(&list.element_field)],
        Type::Map(map) => vec![
            native_column(&map.key_field),
            native_column(&map.value_field),
        ],
        Type::Struct(structure) => structure
            .fields()
            .iter()
            .map(|field| native_column(field))
            .collect(),
    };
    let (precision, scale) = match native {
        Type::Primitive(PrimitiveType::Decimal { precision, scale }) => {
            (Some(*precision), i32::try_from(*scale).ok())
        }
        _ => (None, None),
    };
    NativeColumn {
        name: field.name.clone(),
        type_text: spelled(native),
        base: base(native),
        precision,
        scale,
        parts,
        nullable: !field.required,
        comment: field.doc.clone(),
        private: serde_json::json!({ "id": field.id, "type": native }),
        ..NativeColumn::default()
    }
}

fn unknown(type_text: &str, why: &str) -> Refusal {
    Refusal::new("UNKNOWN_TYPE", format!("type {type_text} {why}"))
}

/// The ids of a field and of those inside of it, in the order in which one reads them.
pub(super) fn ids_of(field: &NestedField, ids: &mut Vec<i32>) {
    ids.push(field.id);
    match &*field.field_type {
        Type::Primitive(_) => {}
        Type::List(list) => ids_of(&list.element_field, ids),
        Type::Map(map) => {
            ids_of(&map.key_field, ids);
            ids_of(&map.value_field, ids);
        }
        Type::Struct(structure) => {
            for field in structure.fields() {
                ids_of(field, ids);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(logical_type: &LogicalType, expected: &str, exact: bool) {
        let holding = Types.to_native(logical_type).unwrap();
        assert_eq!(holding.native, expected);
        assert_eq!(holding.fidelity == Fidelity::Exact, exact, "{expected}");
        let back = logical(&iceberg_type(&holding.holds, &mut 0)).unwrap();
        assert_eq!(back, holding.holds);
    }

    #[test]
    fn every_logical_type_has_a_home() {
        let unsigned = |bits| LogicalType::Integer {
            bits,
            signed: false,
        };
        check(&LogicalType::Boolean, "boolean", true);
        check(&LogicalType::int(8), "int", false);
        check(&LogicalType::int(16), "int", false);
        check(&LogicalType::int(32), "int", true);
        check(&LogicalType::int(64), "long", true);
        check(&unsigned(8), "int", false);
        check(&unsigned(16), "int", false);
        check(&unsigned(32), "long", false);
        check(&unsigned(64), "decimal(20, 0)", false);
        let decimal = LogicalType::Decimal {
            precision: 38,
            scale: 10,
        };
        check(&decimal, "decimal(38, 10)", true);
        check(&LogicalType::Float32, "float", true);
        check(&LogicalType::Float64, "double", true);
        check(&LogicalType::TEXT, "string", true);
        check(&LogicalType::Uuid, "string", false);
        check(&LogicalType::Json, "string", false);
        check(&LogicalType::Time { precision: 6 }, "string", false);
        check(&LogicalType::Binary, "binary", true);
        check(&LogicalType::Date, "date", true);
        let timestamp = |precision, zoned| LogicalType::Timestamp { precision, zoned };
        check(&timestamp(6, false), "timestamp", true);
        check(&timestamp(3, true), "timestamptz", false);
        let map = LogicalType::Map(Box::new(LogicalType::List(Box::new(LogicalType::int(8)))));
        check(&map, "map<string, list<int>>", false);
        let parts = vec![Field {
            name: "a b".to_owned(),
            logical: LogicalType::Date,
        }];
        check(&LogicalType::Struct(parts), "struct<a b: date>", true);
    }

    #[test]
    fn a_column_says_its_type_again() {
        let holds = LogicalType::List(Box::new(LogicalType::Decimal {
            precision: 9,
            scale: 2,
        }));
        let native = iceberg_type(&holds, &mut 1);
        let column = native_column(&NestedField::optional(1, "c", native.clone()));
        assert_eq!(
            (column.base.as_str(), column.parts[0].name.as_str()),
            ("list", "element")
        );
        assert_eq!(native_type(&column), Some(native));
        let reading = Types.to_logical(&column, &ColumnChoice::default()).unwrap();
        assert_eq!(reading.logical, holds);
    }

    #[test]
    fn what_cannot_travel_is_refused_by_name() {
        let refused = |native: Type| {
            let column = native_column(&NestedField::optional(1, "c", native));
            Types
                .to_logical(&column, &ColumnChoice::default())
                .unwrap_err()
                .reason
        };
        let nanoseconds = refused(Type::Primitive(PrimitiveType::TimestampNs));
        assert!(nanoseconds.starts_with("type timestamp_ns holds nanoseconds"));
        let int = Type::Primitive(PrimitiveType::Int);
        let map = refused(Type::Map(MapType::optional(2, int.clone(), 3, int)));
        assert!(map.starts_with("type map<int, int> has keys"));
    }
}
