//! A whole database as one file, as it stood at one moment, made while others write; and a new database from such a file.
//!
//! SQLite writes the copy itself (`VACUUM INTO`). PostgreSQL's own programs do it, `pg_dump` and `pg_restore`, which have to
//! be on the path and of the server's version or a later one.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;
use url::Url;

use super::{Connection, Database, Error, Place, Result, Sql};

/// Writes a copy of a database into a file that is not there yet; returns when it is on the disk.
///
/// # Errors
///
/// [`Error::Failed`], [`Error::Full`].
pub async fn save(place: &Place, file: &Path) -> Result<()> {
    match place {
        Place::Sqlite(path) => {
            if !path.exists() {
                return Err(Error::Failed(format!(
                    "expected a database in {}, found none",
                    path.display()
                )));
            }
            let quoted = file.display().to_string().replace('\'', "''");
            let database = Database::open(place, 1).await?;
            database.batch(&format!("VACUUM INTO '{quoted}'")).await?;
        }
        Place::Postgres(url) => {
            let dump = program("pg_dump", url)?
                .args(["--format=custom", "--no-owner", "--no-privileges", "--file"])
                .arg(file)
                .output();
            succeeded("pg_dump", dump.await)?;
        }
    }
    let written = std::fs::File::open(file).and_then(|file| file.sync_all());
    written.map_err(|error| Error::Failed(format!("the copy {}: {error}", file.display())))
}

/// Makes a new database of a copy.
///
/// # Errors
///
/// [`Error::Failed`] where there is a database already.
pub async fn restore(file: &Path, place: &Place) -> Result<()> {
    match place {
        Place::Sqlite(path) => {
            let failed =
                |error: std::io::Error| Error::Failed(format!("the database {}: {error}", path.display()));
            if path.exists() {
                return Err(Error::Failed(format!(
                    "expected no database in {}, found one",
                    path.display()
                )));
            }
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(failed)?;
            }
            std::fs::copy(file, path).map_err(failed)?;
            std::fs::File::open(path)
                .and_then(|file| file.sync_all())
                .map_err(failed)
        }
        Place::Postgres(url) => {
            let database = Database::open(place, 1).await?;
            let tables = Sql::new(
                "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
            );
            let tables: i64 = tables.one(&database).await?.map_or(Ok(0), |row| row.get(0))?;
            if tables > 0 {
                return Err(Error::Failed(format!(
                    "expected an empty database of PostgreSQL, found {tables} tables"
                )));
            }
            let made = program("pg_restore", url)?
                .args([
                    "--exit-on-error",
                    "--no-owner",
                    "--no-privileges",
                    "--single-transaction",
                ])
                .arg(file)
                .output();
            succeeded("pg_restore", made.await)
        }
    }
}

/// One of PostgreSQL's programs for a database. The password goes by the environment: arguments are seen by everybody on
/// the machine.
fn program(name: &str, url: &str) -> Result<Command> {
    let mut address =
        Url::parse(url).map_err(|error| Error::Failed(format!("the address of PostgreSQL: {error}")))?;
    let mut command = Command::new(name);
    if let Some(password) = address.password() {
        let password = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
        command.env("PGPASSWORD", password.as_ref());
        // An address with a user can be without a password.
        let _ = address.set_password(None);
    }
    command.arg("--dbname").arg(address.as_str());
    command.stdin(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

fn succeeded(name: &str, output: std::io::Result<std::process::Output>) -> Result<()> {
    let output = output.map_err(|error| Error::Failed(format!("{name} cannot be run: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last = words.lines().last().unwrap_or("it said nothing");
    Err(Error::Failed(format!("{name} failed: {last}")))
}
