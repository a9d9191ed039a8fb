//! One table's plan: everything about it is decided here, and nothing about the others.

use contract::ExistingTable;
use model::migration::{ExistingTables, LoadingPolicy, MigrationSpec, Statements};
use model::plan::{
    Column, ColumnMapping, Partition, Pipeline, Refused, Scan, TableChange, TableSchema, Write,
};
use model::{Error, Finding, NativeTable, PipelineId, TableKind, TableName, TableShape};
use sha2::{Digest, Sha256};

use crate::collisions;
use crate::ddl;
use crate::digest;
use crate::drift;
use crate::exceptions::Exceptions;
use crate::existing::{self, Addable, Pair};
use crate::filters;
use crate::keys;
use crate::match_columns::{Ends, MOST_UNKNOWN, Planned, plan_columns, unknown_column};
use crate::naming::{Named, name_table};
use crate::parameters::{Parameters, Place};
use crate::plan::PlanInput;
use crate::recreate::Confirmation;
use crate::validate::statements;

/// Where each source table goes: its name in `namespace`, or why it has none. Collisions are looked
/// for among all of `tables`. Asked for before planning, so that the destination can describe what is
/// there.
pub fn target_names<'t>(
    spec: &MigrationSpec,
    destination: &dyn contract::AnyConnector,
    namespace: &str,
    tables: impl IntoIterator<Item = &'t TableName>,
) -> Vec<(TableName, Result<TableName, Finding>)> {
    let Some(write) = destination.capabilities().write else {
        return Vec::new();
    };
    named_tables(spec, write.names, tables)
        .into_iter()
        .map(|(source, named)| {
            let target = named.map(|named| TableName::new(namespace, named.name));
            (source, target)
        })
        .collect()
}

pub(crate) fn named_tables<'t>(
    spec: &MigrationSpec,
    limits: contract::NameLimits,
    tables: impl IntoIterator<Item = &'t TableName>,
) -> Vec<(TableName, Result<Named, Finding>)> {
    let mut named: Vec<(TableName, Result<Named, Finding>)> = tables
        .into_iter()
        .map(|table| (table.clone(), name_table(&spec.names, table, limits)))
        .collect();
    let legal: Vec<(TableName, String)> = named
        .iter()
        .filter_map(|(source, named)| Some((source.clone(), named.as_ref().ok()?.name.clone())))
        .collect();
    let collisions = collisions::of_tables(&legal);
    for (source, named) in &mut named {
        if let Some(finding) = collisions.get(source) {
            *named = Err(finding.clone());
        }
    }
    named
}

/// What all tables are planned with.
pub(crate) struct Shared<'a> {
    pub(crate) input: &'a PlanInput<'a>,
    pub(crate) confirmation: Confirmation,
    pub(crate) ends: Ends<'a>,
    pub(crate) exceptions: Exceptions<'a>,
    pub(crate) parameters: &'a Parameters,
    pub(crate) partition: Option<&'a Partition>,
}

/// The table's pipeline, or why it has none.
pub(crate) fn plan_table(
    shared: &Shared<'_>,
    table: &NativeTable,
    named: Result<Named, Finding>,
    mut findings: Vec<Finding>,
) -> Result<Pipeline, Refused> {
    findings.extend(table.findings.iter().cloned());
    findings.extend(kind_note(table));
    let choices = shared.exceptions.choices(&table.name);
    let last = shared.input.fingerprints.get(&table.name);
    let drifted = drift::compare(last, table, choices, shared.input.spec.drift);
    findings.extend(drifted.finding);
    let (named, name) = match named {
        Ok(named) => {
            let name = TableName::new(shared.input.namespace, &named.name);
            (Some(named), Some(name))
        }
        Err(finding) => {
            findings.push(finding);
            (None, None)
        }
    };
    let partition_column = shared.partition.map(|partition| partition.column.as_str());
    let planned = plan_columns(
        &shared.ends,
        table,
        choices,
        partition_column,
        &mut findings,
    );
    drop_repetitions(table, &mut findings);
    let filter = filter(shared, &table.name, &mut findings);
    let split_by = split_by(shared, table, &planned, &mut findings);
    let converted = named.is_some_and(|named| named.converted);
    let addable = match shared.input.spec.existing_tables {
        ExistingTables::AddColumns => Addable::All,
        _ => Addable::These(drifted.added),
    };
    let target = name.as_ref().map(|name| {
        let wanted = Wanted {
            name,
            converted,
            planned: &planned,
            addable: &addable,
        };
        target(shared, table, &wanted, &mut findings)
    });
    let (Some((write, columns)), false) = (target, findings.iter().any(Finding::is_blocker)) else {
        // Nothing is replaced, changed or dropped where nothing moves.
        findings.retain(|finding| !EFFECTS.contains(&finding.code.as_str()));
        return Err(Refused {
            source: table.name.clone(),
            destination: name,
            findings,
        });
    };
    let scan = scan(table, &planned, filter, split_by);
    findings.extend(shared.input.source.dialect().review_scan(&scan));
    let exception = shared.exceptions.of(&table.name);
    Ok(Pipeline {
        id: pipeline_id(&shared.input.spec.name, &table.name),
        digest: digest_of(&scan, &columns, &write),
        splits: exception
            .and_then(|(_, exception)| exception.splits)
            .or(shared.input.spec.run.splits),
        scan,
        columns,
        write,
        shape: Some(TableShape::of(table)),
        rows_before: None,
        findings,
    })
}

/// What is refused as a whole is not refused column by column for the same reason.
fn drop_repetitions(table: &NativeTable, findings: &mut Vec<Finding>) {
    let at = table.name.to_string();
    let blockers = table.findings.iter().filter(|finding| finding.is_blocker());
    let whole: Vec<&str> = blockers.map(|finding| finding.code.as_str()).collect();
    let before = findings.len();
    findings.retain(|finding| finding.at == at || !whole.contains(&finding.code.as_str()));
    if findings.len() < before {
        findings.retain(|finding| finding.code != "PROPOSALS");
    }
}

fn kind_note(table: &NativeTable) -> Option<Finding> {
    let what = match table.kind {
        TableKind::Table | TableKind::PartitionedTable => return None,
        TableKind::SystemVersioned => "the current rows move, their history does not",
        TableKind::InheritanceChild => "its own rows move",
        TableKind::Partition => "its rows alone move, not those of its sisters",
        TableKind::View | TableKind::MaterializedView => "its rows move, its definition does not",
        TableKind::ForeignTable => "another server answers for its rows and their moment",
        TableKind::Sequence | TableKind::Virtual => "what it shows as rows moves",
    };
    let message = format!("{} is a {}: {what}", table.name, table.kind.words());
    Some(Finding::note("KIND", table.name.to_string(), message))
}

fn filter(shared: &Shared<'_>, table: &TableName, findings: &mut Vec<Finding>) -> Option<String> {
    let input = shared.input;
    let written = filters::of_table(input.spec, &shared.exceptions, table, input.part)?;
    match written.resolve(shared.parameters) {
        Ok(filter) => {
            if let Some(error) = input.filter_errors.get(table) {
                findings.push(filter_refused(table, error, &written.at));
            }
            Some(filter)
        }
        Err(mut unresolved) => {
            findings.append(&mut unresolved);
            None
        }
    }
}

fn filter_refused(table: &TableName, error: &Error, at: &str) -> Finding {
    let mut finding = Finding::of_error(error, at);
    if !finding.message.contains(&table.to_string()) {
        finding.message = format!("filter for {table}: {}", finding.message);
    }
    finding.hint.get_or_insert_with(|| {
        let table = crate::yaml::table(table);
        format!("change {at}, or except the table: each: [{{ table: {table}, filter: none }}]")
    });
    finding
}

fn split_by(
    shared: &Shared<'_>,
    table: &NativeTable,
    planned: &[Planned],
    findings: &mut Vec<Finding>,
) -> Vec<String> {
    let wanted = shared
        .exceptions
        .of(&table.name)
        .and_then(|(index, exception)| Some((index, exception.split_by.as_ref()?)));
    let Some((index, wanted)) = wanted else {
        return Vec::new();
    };
    let at = format!("migration.each[{index}].split-by");
    let moved: Vec<&str> = planned
        .iter()
        .map(|planned| planned.scan.native.name.as_str())
        .collect();
    let known: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    for name in wanted.names().iter().take(MOST_UNKNOWN) {
        if !known.contains(&name.as_str()) {
            findings.push(unknown_column(at.clone(), &table.name, name, &known));
        } else if !moved.contains(&name.as_str()) {
            let message = format!(
                "{} cannot be cut by {name:?}, which does not move",
                table.name
            );
            let finding = Finding::blocker("SPLIT_COLUMN_LEFT_OUT", at.clone(), message)
                .hint("cut by a column that moves, or leave split-by out");
            findings.push(finding);
        }
    }
    wanted.names().to_vec()
}

/// What should stand at the destination.
struct Wanted<'a> {
    name: &'a TableName,
    converted: bool,
    planned: &'a [Planned],
    addable: &'a Addable,
}

fn target(
    shared: &Shared<'_>,
    table: &NativeTable,
    wanted: &Wanted<'_>,
    findings: &mut Vec<Finding>,
) -> (Write, Vec<ColumnMapping>) {
    let Wanted { name, planned, .. } = *wanted;
    let input = shared.input;
    let partition = shared.partition;
    let complete = !findings.iter().any(Finding::is_blocker);
    let policy = input.spec.destination.loading_policy;
    let existing = input.existing.get(name);
    let update_key = match policy {
        LoadingPolicy::Update => {
            keys::update_key(table, shared.exceptions.of(&table.name), planned, findings)
        }
        _ => Vec::new(),
    };
    if let Some(existing) = existing {
        let pair = Pair {
            source: &table.name,
            destination: name,
            complete,
            updates: policy == LoadingPolicy::Update,
            key: match shared.ends.write.indexes {
                true => &table.primary_key,
                false => &[],
            },
            addable: wanted.addable,
        };
        findings.extend(existing_note(&pair, input, policy, partition));
        if input.spec.existing_tables != ExistingTables::Recreate {
            let target = (&pair, existing);
            let (mut write, columns) = into_existing(shared, table, target, planned, findings);
            write.update_key = update_key;
            write.table.comment = ddl::comment(table, wanted.converted);
            return (write, columns);
        }
        findings.extend(existing.findings.iter().cloned());
        findings.push(shared.confirmation.of_table(name, partition));
    }
    let last = partition.and_then(|partition| partition_column(shared, table, partition, findings));
    let mut schema = ddl::new_table(table, name.clone(), wanted.converted, planned, last);
    if shared.ends.write.indexes {
        findings.extend(keys::required(table, &mut schema));
    }
    let columns = planned
        .iter()
        .map(|planned| planned.mapping(&planned.column, planned.fidelity.clone()))
        .collect();
    let dialect = input.destination.dialect();
    let mut ddl = Vec::new();
    if complete && existing.is_some() {
        ddl.extend(dialect.drop_table(name));
    }
    if complete {
        ddl.extend(dialect.create_table(&schema, partition));
    }
    let write = Write {
        ddl,
        table: schema,
        policy,
        partition: partition.cloned(),
        exists: existing.is_some(),
        change: match existing {
            Some(_) => TableChange::Recreate,
            None => TableChange::Keep,
        },
        update_key,
        without_source: Vec::new(),
        indexes: keys::indexes(input.spec.destination.indexes, table, planned),
        statements: statements(shared, name, findings),
    };
    if complete {
        let reviewed = dialect.review(&write).into_iter();
        findings.extend(reviewed.map(|finding| at_table(finding, &table.name)));
    }
    (write, columns)
}

/// A person's statements for this table. What is unknown in them is told of the migration already.
fn statements(shared: &Shared<'_>, name: &TableName, findings: &mut Vec<Finding>) -> Statements {
    let dialect = shared.input.destination.dialect();
    let quoted = [&name.schema, &name.table].map(|part| dialect.quote(part));
    let parameters = shared
        .parameters
        .with(statements::TARGET_TABLE, quoted.join("."))
        .with(statements::TARGET_SCHEMA, quoted[0].clone());
    let mut expand = |texts: &[String]| -> Vec<String> {
        let expanded = texts.iter().map(|text| {
            let at = name.to_string();
            parameters.expand_in(text, &at, Place::Condition)
        });
        expanded
            .filter_map(|text| text.map_err(|more| findings.extend(more)).ok())
            .collect()
    };
    let written = &shared.input.spec.statements;
    Statements {
        before: expand(&written.before),
        after: expand(&written.after),
    }
}

/// The finding at its own place, else at the table.
fn at_table(mut finding: Finding, table: &TableName) -> Finding {
    if finding.at.is_empty() {
        finding.at = table.to_string();
    }
    finding
}

/// Columns there for which nothing comes.
fn without_source(
    existing: &ExistingTable,
    mappings: &[ColumnMapping],
    partition: Option<&Partition>,
) -> Vec<String> {
    let comes = |name: &String| {
        mappings.iter().any(|mapping| mapping.destination == *name)
            || partition.is_some_and(|partition| partition.column == *name)
    };
    let names = existing.columns.iter().map(|column| &column.name);
    names.filter(|name| !comes(name)).cloned().collect()
}

/// Into a table that is there and stays, with columns added where that is allowed.
fn into_existing(
    shared: &Shared<'_>,
    table: &NativeTable,
    (pair, existing): (&Pair<'_>, &ExistingTable),
    planned: &[Planned],
    findings: &mut Vec<Finding>,
) -> (Write, Vec<ColumnMapping>) {
    let (input, partition, name) = (shared.input, shared.partition, pair.destination);
    let fitted = existing::fit(pair, existing, planned, partition, findings);
    let mut schema = kept(table, name, existing, planned);
    let ddl = match fitted.added.as_slice() {
        [] => Vec::new(),
        added => input.destination.dialect().add_columns(name, added),
    };
    let change = if fitted.added.is_empty() {
        TableChange::Keep
    } else {
        let names = fitted.added.iter().map(|column| column.name.clone());
        TableChange::AddColumns(names.collect())
    };
    schema.columns.extend(fitted.added);
    let write = Write {
        table: schema,
        policy: input.spec.destination.loading_policy,
        partition: partition.cloned(),
        exists: true,
        change,
        ddl,
        update_key: Vec::new(),
        without_source: without_source(existing, &fitted.mappings, partition),
        indexes: Vec::new(),
        statements: statements(shared, name, findings),
    };
    (write, fitted.mappings)
}

/// The existing table as it stays, its comment aside. Its key is the source's, under the names there.
fn kept(
    table: &NativeTable,
    name: &TableName,
    existing: &ExistingTable,
    planned: &[Planned],
) -> TableSchema {
    TableSchema {
        name: name.clone(),
        columns: existing.columns.clone(),
        primary_key: ddl::primary_key(table, planned),
        comment: None,
    }
}

const OVERWRITE: &str = "OVERWRITE";
/// Notes on what a load does to a table that is there.
const EFFECTS: [&str; 3] = [OVERWRITE, existing::COLUMNS_ADDED, "RECREATE"];

fn existing_note(
    pair: &Pair<'_>,
    input: &PlanInput<'_>,
    policy: LoadingPolicy,
    partition: Option<&Partition>,
) -> Option<Finding> {
    let spec = input.spec;
    let at = pair.source.to_string();
    let there = pair.destination;
    let same_name = spec.source.data_source == spec.destination.data_source;
    if (same_name || input.same_place) && pair.source == there {
        let message = format!("{there} would be loaded from itself");
        return Some(
            Finding::blocker("ONTO_ITSELF", at, message)
                .hint("choose another namespace, other names, or another destination"),
        );
    }
    if spec.existing_tables == ExistingTables::Fail {
        let message = format!("{there} is there already");
        return Some(
            Finding::blocker("TABLE_EXISTS", at, message)
                .hint("set existing-tables to keep to load into it, or choose other names"),
        );
    }
    if policy != LoadingPolicy::Overwrite || spec.existing_tables == ExistingTables::Recreate {
        return None;
    }
    let what = match partition {
        Some(Partition { column, value }) => {
            format!("the rows of {there} in partition {column}={value} are replaced")
        }
        None => format!("the rows of {there} are replaced"),
    };
    Some(Finding::note(OVERWRITE, at, what))
}

fn partition_column(
    shared: &Shared<'_>,
    table: &NativeTable,
    partition: &Partition,
    findings: &mut Vec<Finding>,
) -> Option<Column> {
    match shared
        .ends
        .destination
        .types()
        .to_native(&ddl::PARTITION_TYPE)
    {
        Ok(holding) => Some(Column {
            name: partition.column.clone(),
            holds: holding.holds,
            native: holding.native,
            nullable: !shared.ends.write.required_columns,
            comment: None,
        }),
        Err(refusal) => {
            let at = table.name.to_string();
            findings.push(Finding::blocker(refusal.code, at, refusal.reason));
            None
        }
    }
}

fn scan(
    table: &NativeTable,
    planned: &[Planned],
    filter: Option<String>,
    split_by: Vec<String>,
) -> Scan {
    let read = |key: &String| planned.iter().any(|p| p.scan.native.name == *key);
    let primary_key = if table.primary_key.iter().all(read) {
        table.primary_key.clone()
    } else {
        Vec::new()
    };
    Scan {
        table: table.name.clone(),
        kind: table.kind,
        columns: planned.iter().map(|planned| planned.scan.clone()).collect(),
        filter,
        split_by,
        primary_key,
        estimated_rows: table.estimated_rows,
        estimated_bytes: table.estimated_bytes,
        fingerprint: table.fingerprint(),
        private: table.private.clone(),
    }
}

/// The first 16 hexadecimal digits of SHA-256 over migration, schema and table, a zero byte between.
fn pipeline_id(migration: &str, table: &TableName) -> PipelineId {
    let text = format!("{migration}\0{}\0{}", table.schema, table.table);
    let mut id = digest::hex(&Sha256::digest(text.as_bytes()));
    id.truncate(16);
    PipelineId::new(id)
}

pub(crate) fn digest_of(scan: &Scan, columns: &[ColumnMapping], write: &Write) -> String {
    let scan = Scan {
        estimated_rows: None,
        estimated_bytes: None,
        ..scan.clone()
    };
    digest::of(&(scan, columns, write))
}
