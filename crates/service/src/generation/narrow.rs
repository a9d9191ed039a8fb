//! One table's migration, cut out of the one of many tables: what concerns other tables, and the other part of
//! the method, is left out, all else stays.

use model::migration::{
    Filters, MethodKind, MigrationSpec, TableFilter, TableReference, TableSelection,
};
use model::plan::Part;
use model::{Error, Result, TableName};
use serde_json::{Map, Value as Json};

/// The document of this table and part.
pub(super) fn narrowed(
    spec: &MigrationSpec,
    part: Part,
    (source, target): (&TableName, &TableName),
) -> Result<Json> {
    let mut spec = spec.clone();
    spec.tables = TableSelection {
        listed: Some(vec![reference(source)]),
        ..TableSelection::default()
    };
    spec.each
        .retain(|each| each.table.resolve(&source.schema) == *source);
    for each in &mut spec.each {
        each.table = reference(source);
        if let Some(TableFilter::Own(own)) = &mut each.filter {
            keep(own, part);
        }
    }
    spec.recreate
        .retain(|table| table.resolve(&target.schema) == *target);
    spec.task_names = None;
    if let Some(filter) = &mut spec.filter {
        keep(filter, part);
        if *filter == Filters::default() {
            spec.filter = None;
        }
    }
    spec.method.kind = match part {
        Part::Daily => MethodKind::Daily,
        Part::OneTime => MethodKind::OneTime,
    };
    if let Some(partition) = &mut spec.method.partition {
        match part {
            Part::Daily => partition.one_time = None,
            Part::OneTime => partition.daily = None,
        }
    }
    serde_json::to_value(&spec)
        .map(without_nothing)
        .map_err(|cause| Error::internal("a migration cannot be written as JSON").caused_by(cause))
}

fn reference(name: &TableName) -> TableReference {
    match name.schema.contains('.') {
        false => TableReference::Text(format!("{}.{}", name.schema, name.table)),
        true => TableReference::Parts {
            schema: name.schema.clone(),
            table: name.table.clone(),
        },
    }
}

fn keep(filters: &mut Filters, part: Part) {
    match part {
        Part::Daily => filters.one_time = None,
        Part::OneTime => filters.daily = None,
    }
}

/// Without keys that say nothing.
fn without_nothing(value: Json) -> Json {
    match value {
        Json::Object(keys) => {
            let keys = keys.into_iter().filter(|(_, value)| !value.is_null());
            let keys = keys.map(|(key, value)| (key, without_nothing(value)));
            Json::Object(keys.collect::<Map<_, _>>())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_keeps_what_is_its_own_and_of_its_part() {
        let spec: MigrationSpec = serde_json::from_value(json!({
            "name": "shop", "source": {"data-source": "a"}, "destination": {"data-source": "b"},
            "tables": {"all": true}, "task-names": "x_${source_table_name}",
            "each": [
                {"table": "orders", "filter": {"daily": "d=1", "one-time": "o=1"}},
                {"table": "s.customers", "split-by": "id"},
            ],
            "filter": {"one-time": "ds<=1"},
            "method": {"kind": "daily-and-one-time", "partition": {"one-time": "ds=1"}},
        }))
        .unwrap();
        let (source, target) = (
            TableName::new("s", "orders"),
            TableName::new("lake", "orders"),
        );
        let document = narrowed(&spec, Part::Daily, (&source, &target)).unwrap();
        assert_eq!(document["tables"], json!({"listed": ["s.orders"]}));
        let own = json!([{"table": "s.orders", "filter": {"daily": "d=1"}}]);
        assert_eq!(document["each"], own);
        assert_eq!(
            document["method"],
            json!({"kind": "daily", "partition": {}})
        );
        assert!(document.get("filter").is_none() && document.get("task-names").is_none());
        let document = narrowed(&spec, Part::OneTime, (&source, &target)).unwrap();
        assert_eq!(document["filter"], json!({"one-time": "ds<=1"}));
        assert_eq!(document["method"]["partition"], json!({"one-time": "ds=1"}));
    }
}
