//! Where the index is, and what becomes of it when a new version begins.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where the index is.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Index {
    /// File with the URL of a PostgreSQL database; SQLite in the data folder where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres_url_file: Option<PathBuf>,
    /// Whether the database is saved in the data folder before a new version changes its schema; PostgreSQL's by `pg_dump`.
    pub copy_before_upgrade: bool,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            postgres_url_file: None,
            copy_before_upgrade: true,
        }
    }
}
