//! Sites of test data in folders of their own, over SQLite or a PostgreSQL.

use std::path::{Path, PathBuf};

use database::Place;
use serde_json::Value;

use super::Served;
use crate::command_line::json;

/// A site: its data folder and its configuration.
pub struct Site {
    pub data: PathBuf,
    pub config: PathBuf,
}

impl Site {
    /// A site to be, of test data, over a database.
    pub fn new(folder: &Path, name: &str, database: Option<&Place>) -> Self {
        let site = Self {
            data: folder.join(name),
            config: folder.join(format!("{name}.toml")),
        };
        let mut text = String::new();
        if let Some(Place::Postgres(url)) = database {
            let file = folder.join(format!("{name}.url"));
            std::fs::write(&file, url).unwrap();
            text = format!("[index]\npostgres_url_file = \"{}\"\n", file.display());
        }
        std::fs::write(&site.config, text).unwrap();
        std::fs::create_dir_all(&site.data).unwrap();
        std::fs::write(site.data.join("OPEN-TEST-DATA"), "").unwrap();
        site
    }

    pub fn serve(&self) -> Served {
        Served::start_with(&self.data, &["--config", self.config.to_str().unwrap()], &[])
    }

    /// What a command is told to be about it.
    pub fn arguments<'a>(&'a self, command: &[&'a str]) -> Vec<&'a str> {
        let (data, config) = (self.data.to_str().unwrap(), self.config.to_str().unwrap());
        [command, &["--data", data, "--config", config]].concat()
    }

    /// What a command says of it as JSON.
    pub fn told(&self, command: &[&str]) -> Value {
        json(&self.arguments(&[command, &["--json"]].concat()))
    }
}
