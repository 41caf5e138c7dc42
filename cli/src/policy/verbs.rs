//! Which actions of AWS each verb takes, and on what.
//!
//! A transaction takes no action of its own: AWS asks for those of its parts, and for `ConditionCheckItem` where a part
//! only looks. That a failed condition returns the item needs nothing more.
//!
//! * [AWS: IAM and transactions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html)
//! * [AWS: actions and resources](https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html)

use clap::ValueEnum;

use crate::models::Facts;

/// What is done with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Verb {
    /// Items by key, one or many, also as they are at one moment
    Get,
    /// The items of a hash key, of the table and its indexes
    Query,
    /// Every item of the table and its indexes
    Scan,
    /// New items
    Insert,
    /// Items that were read and changed
    Save,
    /// Items by key: update, upsert, replace
    Update,
    /// Items that are deleted, read or by key
    Delete,
    /// Many items put or deleted without a condition
    BatchWrite,
    /// All of these, all or nothing
    Transaction,
    /// The records of transactions
    Recorded,
    /// `migrate status`, `migrate history`
    MigrateStatus,
    /// `migrate plan`, `dry-run` and `verify`
    MigrateVerify,
    /// `migrate run` and `retry-failed`
    MigrateRun,
    /// `table list`
    TableList,
    /// `table describe`, `verify` and `plan`
    TableVerify,
    /// `table create`
    TableCreate,
    /// `table update`
    TableUpdate,
    /// `table delete`
    TableDelete,
    /// The table that `table copy` reads, and `table export`
    TableExport,
    /// The table that `table copy` writes, and `table import`
    TableImport,
    /// `table throughput` and `throughput-repair`
    TableThroughput,
    /// `item get` and `item query`
    Item,
    /// `sequence list`, `peek` and `verify`
    SequenceVerify,
    /// `sequence raise` and `repair`
    SequenceRepair,
    /// `view verify`
    ViewVerify,
    /// `view rebuild`
    ViewRebuild,
    /// `transaction resolve` and `list`
    TransactionResolve,
}

/// What an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    Table,
    Indexes,
    /// The rows that follow from the items.
    Rows,
    Guards,
    /// The counter of a model's keys.
    Counters,
    /// All sequences, whatever a model has.
    Sequences,
    /// Records of transactions.
    Records,
    RecordIndexes,
    /// Records of backfills.
    Backfills,
    Throughput,
    Anything,
}

type Needs = Vec<(On, &'static [&'static str])>;

/// What a write may take of the items that go with it.
const ALL_WRITES: &[&str] =
    &["ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"];
const DESCRIBE: &[&str] =
    &["DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive", "ListTagsOfResource"];

impl Verb {
    /// What programs do that administer nothing.
    pub(super) const EVERYDAY: &'static [Self] = &[
        Self::Get,
        Self::Query,
        Self::Insert,
        Self::Save,
        Self::Update,
        Self::Delete,
        Self::Transaction,
    ];
}

/// What a statement of a policy is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    /// A table without the prefix, or its indexes: `orders`, `orders/index/*`.
    Table(String),
    /// What no ARN names.
    Anything,
}

impl On {
    pub(super) fn resources(self, facts: &Facts) -> Vec<Resource> {
        let own = |table: &str| vec![Resource::Table(table.to_owned())];
        match self {
            Self::Table => own(&facts.table),
            Self::Indexes if facts.has_indexes => own(&format!("{}/index/*", facts.table)),
            Self::Rows => facts.rows.iter().flat_map(|row| own(row)).collect(),
            Self::Guards if facts.has_uniques => own("dynamap_unique"),
            Self::Counters if facts.has_counter => own("dynamap_counters"),
            Self::Indexes | Self::Guards | Self::Counters => Vec::new(),
            Self::Sequences => own("dynamap_counters"),
            Self::Records => own("dynamap_transactions"),
            Self::RecordIndexes => own("dynamap_transactions/index/*"),
            Self::Backfills => own("dynamap_migrations"),
            Self::Throughput => own("dynamap_throughput"),
            Self::Anything => vec![Resource::Anything],
        }
    }
}

impl Facts {
    /// What a verb takes.
    pub(super) fn needs(&self, verb: Verb) -> Needs {
        match verb {
            Verb::Get => vec![(On::Table, &["BatchGetItem", "GetItem"])],
            // What an index or a projection holds of an older item is too little: it is read whole.
            Verb::Query => vec![(On::Table, &["GetItem", "Query"]), (On::Indexes, &["Query"])],
            Verb::Scan => vec![(On::Table, &["GetItem", "Scan"]), (On::Indexes, &["Scan"])],
            Verb::Insert
            | Verb::Save
            | Verb::Update
            | Verb::Delete
            | Verb::BatchWrite
            | Verb::Transaction
            | Verb::Recorded => Self::writes(verb),
            Verb::TableList
            | Verb::TableVerify
            | Verb::TableCreate
            | Verb::TableUpdate
            | Verb::TableDelete
            | Verb::TableExport
            | Verb::TableImport
            | Verb::TableThroughput => self.tables(verb),
            verb => Self::jobs(verb),
        }
    }

    fn writes(verb: Verb) -> Needs {
        // GetItem is for answers that get lost: the item tells whether it was written.
        let own: &[&str] = match verb {
            Verb::Insert => &["GetItem", "PutItem"],
            // A save whose update is longer than an expression may be puts the whole item.
            Verb::Save | Verb::Update => &["GetItem", "PutItem", "UpdateItem"],
            Verb::Delete => &["DeleteItem", "GetItem"],
            Verb::BatchWrite => return vec![(On::Table, &["BatchWriteItem"])],
            Verb::Recorded => return vec![(On::Records, &["GetItem", "PutItem", "UpdateItem"])],
            _ => ALL_WRITES,
        };
        let mut needs: Needs =
            vec![(On::Table, own), (On::Rows, ALL_WRITES), (On::Guards, ALL_WRITES)];
        // An upsert raises the counter to the key that it is given.
        if matches!(verb, Verb::Insert | Verb::Update | Verb::Transaction) {
            needs.push((On::Counters, &["UpdateItem"]));
        }
        needs
    }

    fn tables(&self, verb: Verb) -> Needs {
        let mut needs: Needs = match verb {
            Verb::TableList => return vec![(On::Anything, &["ListTables"])],
            Verb::TableDelete => {
                return vec![(On::Table, &["DeleteTable", "DescribeTable", "Scan"])];
            }
            Verb::TableExport => return vec![(On::Table, &["DescribeTable", "Scan"])],
            Verb::TableImport => {
                let actions = &["BatchWriteItem", "DescribeTable", "GetItem", "PutItem", "Scan"];
                return vec![(On::Table, actions)];
            }
            Verb::TableThroughput => {
                return vec![
                    (On::Table, &["DescribeTable", "UpdateTable"]),
                    (On::Throughput, RECORD),
                    (On::Throughput, DESCRIBE),
                ];
            }
            _ => vec![(On::Table, DESCRIBE), (On::Guards, DESCRIBE), (On::Counters, DESCRIBE)],
        };
        if verb == Verb::TableCreate {
            needs.extend([On::Table, On::Guards, On::Counters].map(|on| (on, CREATE)));
        }
        if verb == Verb::TableUpdate {
            needs.push((On::Table, &["UpdateTable"]));
            // What belongs to the models is made where it is missing.
            needs.extend([On::Guards, On::Counters].map(|on| (on, CREATE)));
        }
        if verb != Verb::TableVerify {
            needs.extend(self.has_ttl.then_some((On::Table, &["UpdateTimeToLive"][..])));
            needs
                .extend(self.has_recovery.then_some((On::Table, &["UpdateContinuousBackups"][..])));
            needs.extend(self.has_tags.then_some((On::Table, &["TagResource"][..])));
        }
        needs
    }

    fn jobs(verb: Verb) -> Needs {
        match verb {
            Verb::MigrateStatus => vec![(On::Backfills, &["Query"])],
            Verb::MigrateVerify => vec![
                (On::Table, &["DescribeTable", "Scan"]),
                (On::Backfills, &["GetItem", "UpdateItem"]),
            ],
            Verb::MigrateRun => vec![
                (
                    On::Table,
                    &["DeleteItem", "DescribeTable", "GetItem", "PutItem", "Scan", "UpdateItem"],
                ),
                (On::Rows, ALL_WRITES),
                (On::Guards, ALL_WRITES),
                (On::Backfills, &["CreateTable", "GetItem", "PutItem", "Query", "UpdateItem"]),
                (On::Backfills, DESCRIBE),
            ],
            Verb::Item => {
                vec![(On::Table, &["DescribeTable", "GetItem", "Query"]), (On::Indexes, &["Query"])]
            }
            Verb::SequenceVerify => {
                vec![(On::Table, &["Scan"]), (On::Sequences, &["GetItem", "Scan"])]
            }
            Verb::SequenceRepair => {
                vec![(On::Table, &["Scan"]), (On::Sequences, &["GetItem", "UpdateItem"])]
            }
            Verb::ViewVerify => vec![(On::Table, &["Scan"]), (On::Rows, &["Scan"])],
            Verb::ViewRebuild => vec![
                (On::Table, &["GetItem", "Scan", "UpdateItem"]),
                (On::Rows, ALL_WRITES),
                (On::Rows, &["Scan"]),
            ],
            Verb::TransactionResolve => vec![
                (On::Records, &["GetItem", "PutItem", "Scan", "UpdateItem"]),
                (On::RecordIndexes, &["Query"]),
            ],
            _ => Vec::new(),
        }
    }
}

/// What becomes of the record of a raised throughput.
const RECORD: &[&str] = &["CreateTable", "DeleteItem", "GetItem", "PutItem", "UpdateItem"];
const CREATE: &[&str] = &["CreateTable"];
