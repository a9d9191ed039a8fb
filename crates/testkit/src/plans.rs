//! Plans made by hand: tables of an id and a text, without a planner.

use contract::AnyConnector;
use model::migration::{LoadingPolicy, RunPolicy};
use model::plan::{
    Column, ColumnMapping, Environment, Fidelity, Part, Pipeline, Plan, PlanEnd, Policy, Scan,
    ScanColumn, TableChange, TableSchema, Write,
};
use model::{
    LogicalType, NativeColumn, NativeTable, PipelineId, TableKind, TableName, TableShape, TimeZone,
};

/// The table that [`pipeline`] reads, as its source describes it.
pub fn native_table(name: &TableName) -> NativeTable {
    native_table_of(name, &["id", "name"])
}

/// A table of columns with these names, the first its key, as its source describes it.
pub fn native_table_of(name: &TableName, columns: &[&str]) -> NativeTable {
    let column = |name: &str| NativeColumn {
        name: name.to_owned(),
        ..NativeColumn::default()
    };
    NativeTable {
        name: name.clone(),
        kind: TableKind::Table,
        columns: columns.iter().map(|name| column(name)).collect(),
        primary_key: columns
            .first()
            .map(|name| (*name).to_owned())
            .into_iter()
            .collect(),
        unique_keys: Vec::new(),
        indexes: Vec::new(),
        comment: None,
        estimated_rows: None,
        estimated_bytes: None,
        findings: Vec::new(),
        private: serde_json::Value::Null,
    }
}

/// `source` (an id and a text) to `destination`, with the types that `connector` holds them in.
pub fn pipeline(
    source: &TableName,
    destination: &TableName,
    policy: LoadingPolicy,
    connector: &dyn AnyConnector,
) -> Pipeline {
    let columns = [("id", LogicalType::int(64)), ("name", LogicalType::TEXT)];
    pipeline_of(source, destination, policy, connector, &columns)
}

/// `source`, of these columns, to `destination`, with the types that `connector` holds them in.
pub fn pipeline_of(
    source: &TableName,
    destination: &TableName,
    policy: LoadingPolicy,
    connector: &dyn AnyConnector,
    columns: &[(&str, LogicalType)],
) -> Pipeline {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let types: Vec<LogicalType> = columns.iter().map(|(_, logical)| logical.clone()).collect();
    let native = native_table_of(source, &names);
    let scan = Scan {
        table: source.clone(),
        kind: TableKind::Table,
        columns: native
            .columns
            .iter()
            .zip(&types)
            .map(|(column, logical)| ScanColumn {
                native: column.clone(),
                logical: logical.clone(),
                expression: None,
                decode: String::new(),
            })
            .collect(),
        filter: None,
        split_by: Vec::new(),
        primary_key: native.primary_key.clone(),
        estimated_rows: None,
        estimated_bytes: None,
        fingerprint: native.fingerprint(),
        private: serde_json::Value::Null,
    };
    let held = |logical: &LogicalType| match connector.types().to_native(logical) {
        Ok(holding) => holding,
        Err(refusal) => panic!("{} holds no {logical}: {}", connector.id(), refusal.reason),
    };
    let columns = native
        .columns
        .iter()
        .zip(&types)
        .map(|(column, logical)| ColumnMapping {
            source: column.name.clone(),
            source_type: logical.to_string(),
            logical: logical.clone(),
            destination: column.name.clone(),
            destination_type: held(logical).native,
            holds: held(logical).holds,
            fidelity: Fidelity::Exact,
        });
    let columns: Vec<ColumnMapping> = columns.collect();
    let table = schema_of(destination, &native, &columns);
    let id = PipelineId::new(format!(
        "{:016x}",
        source.to_string().len() * 31 + source.table.len()
    ));
    Pipeline {
        digest: format!("{source}->{destination}"),
        id,
        scan,
        splits: None,
        columns,
        write: Write {
            table,
            policy,
            partition: None,
            exists: false,
            change: TableChange::Keep,
            ddl: Vec::new(),
            update_key: match policy {
                LoadingPolicy::Update => vec!["id".to_owned()],
                _ => Vec::new(),
            },
            without_source: Vec::new(),
            statements: model::migration::Statements::default(),
            indexes: Vec::new(),
        },
        shape: Some(TableShape::of(&native)),
        rows_before: None,
        findings: Vec::new(),
    }
}

fn schema_of(
    destination: &TableName,
    native: &NativeTable,
    columns: &[ColumnMapping],
) -> TableSchema {
    TableSchema {
        name: destination.clone(),
        columns: columns
            .iter()
            .map(|mapping| Column {
                name: mapping.destination.clone(),
                holds: mapping.holds.clone(),
                native: mapping.destination_type.clone(),
                nullable: Some(&mapping.destination) != native.primary_key.first(),
                comment: None,
            })
            .collect(),
        primary_key: native.primary_key.clone(),
        comment: None,
    }
}

/// A plan of these pipelines, with defaults.
pub fn plan(pipelines: Vec<Pipeline>) -> Plan {
    let end = |connector: &str| PlanEnd {
        data_source: connector.to_owned(),
        connector: connector.to_owned(),
    };
    Plan {
        digest: "plan".to_owned(),
        migration: "test".to_owned(),
        environment: Environment::Production,
        bizdate: "20260101".to_owned(),
        part: Part::OneTime,
        source: end("memory"),
        destination: end("memory"),
        time_zone: TimeZone::utc(),
        policy: Policy {
            consistency: model::migration::Consistency::Snapshot,
            verify: model::migration::Verify::Counts,
            rejected_rows: model::migration::RejectedRows::default(),
            empty_overwrite: model::migration::EmptyOverwrite::Allow,
            shrunken_load: model::migration::ShrunkenLoad::Warn,
            on_lost_snapshot: model::migration::OnLostSnapshot::RestartUnfinished,
            run: RunPolicy {
                reruns: 0,
                ..RunPolicy::default()
            },
        },
        pipelines,
        refused: Vec::new(),
        findings: Vec::new(),
    }
}
