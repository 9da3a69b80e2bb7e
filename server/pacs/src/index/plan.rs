//! Which way SQLite is to go: it keeps no statistics of how often values are.

use sea_orm::DbBackend;

use super::Level;

/// Patients whose studies are sorted rather than all studies walked.
pub(super) const FEW_PATIENTS: i64 = 1000;

/// How SQLite is to go about a query; PostgreSQL keeps statistics and knows itself.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) backend: DbBackend,
    pub(super) names: Names,
    /// Whether a condition is asked of each row anew.
    pub(super) correlated: bool,
}

#[derive(Clone, PartialEq)]
pub(super) enum Names {
    Unknown,
    /// These patients, found already.
    Few(Vec<i64>),
    Many,
}

impl Plan {
    pub(super) fn new(backend: DbBackend) -> Self {
        Self {
            backend,
            names: Names::Unknown,
            correlated: false,
        }
    }

    /// What stands before a column: `+` keeps SQLite from using its index.
    pub(super) fn sign(&self, level: Level) -> &'static str {
        let walks = self.correlated || (self.names == Names::Many && level == Level::Patient);
        if self.backend == DbBackend::Sqlite && walks {
            "+"
        } else {
            ""
        }
    }
}
