//! A new version upgrades a site: what was there is saved before, the version before goes on with what came of it, and nothing
//! that was acknowledged is lost on the way forth and back.

use std::path::{Path, PathBuf};
use std::process::Command;

use database::schema::Schema;
use database::{Connection as _, Database, Place, Sql};
use pacs::index;

use super::senders::{check, store};
use super::sites::Site;
use super::{folders, postgres};
use crate::command_line::check_failure;

/// A file of SQLite, and a PostgreSQL where there is one.
fn places(site: &Path) -> Vec<Place> {
    let sqlite = Place::Sqlite(site.join("index.sqlite"));
    [Some(sqlite), postgres::database()]
        .into_iter()
        .flatten()
        .collect()
}

/// The archive's schema of a version to come, with which the programs of a schema can go on.
fn next(compatible_from: i64) -> Schema<index::Error> {
    let added: &[&str] =
        &["ALTER TABLE holds ADD COLUMN next_note {text}; CREATE TABLE next_things (id {id});"];
    Schema {
        migrations: [index::SCHEMA.migrations, added].concat().leak(),
        compatible_from,
        ..index::SCHEMA
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_upgrade_the_version_before_runs_again_and_nothing_is_lost() {
    let folder = folders::new("roll-back");
    let known = index::SCHEMA.migrations.len() as i64;
    for (number, place) in places(&folder.path().join("0")).into_iter().enumerate() {
        let site = Site::new(folder.path(), &number.to_string(), Some(&place));
        let served = site.serve();
        assert_eq!(store(served.dicom, 0, (0..20).collect()).await.0.len(), 20);
        // The next version's node upgrades while this one's serves: the site has two for as long as they are changed.
        let later = Database::open(&place, 1).await.unwrap();
        next(known).migrate(&later).await.unwrap();
        assert_eq!(store(served.dicom, 0, (20..40).collect()).await.0.len(), 20);
        served.end();
        later
            .batch("INSERT INTO next_things (id) VALUES (7)")
            .await
            .unwrap();
        // In the evening it is found wanting, and the version before is started again.
        let served = site.serve();
        assert_eq!(store(served.dicom, 0, (40..60).collect()).await.0.len(), 20);
        check(served.dicom, 0, &(0..60).collect::<Vec<_>>(), 60).await;
        served.end();
        let verified = site.told(&["pacs", "verify"]);
        assert_eq!(verified["objects"], 60, "{verified}");
        assert_eq!(verified["missing"].as_array().unwrap().len(), 0, "{verified}");
        let audited = site.told(&["audit", "verify"]);
        assert_eq!(audited["findings"].as_array().unwrap().len(), 0, "{audited}");
        // A week later the next version comes back to all of it.
        next(known).migrate(&later).await.unwrap();
        let row = Sql::new("SELECT id, (SELECT COUNT(*) FROM instances) FROM next_things");
        let row = row.one(&later).await.unwrap().unwrap();
        assert_eq!((row.get::<i64>(0).unwrap(), row.get::<i64>(1).unwrap()), (7, 60));
        assert!(
            !site.data.join("upgrades").exists(),
            "nothing was upgraded by this version"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_this_version_cannot_go_on_with_is_left_alone() {
    let folder = folders::new("no-way-back");
    let known = index::SCHEMA.migrations.len() as i64;
    for (number, place) in places(&folder.path().join("0")).into_iter().enumerate() {
        let site = Site::new(folder.path(), &number.to_string(), Some(&place));
        site.serve().end();
        let later = Database::open(&place, 1).await.unwrap();
        next(known + 1).migrate(&later).await.unwrap();
        let words = "start the later version, or put back the copy that it saved in";
        check_failure(&site.arguments(&["serve", "--open"]), 1, words);
        check_failure(&site.arguments(&["site", "organisations"]), 1, words);
    }
}

/// A site as it was before the last schema of each part.
async fn former(place: &Place) {
    let database = Database::open(place, 1).await.unwrap();
    journal::SCHEMA.migrate(&database).await.unwrap();
    let last = index::SCHEMA.migrations.len() - 1;
    index::SCHEMA.migrate_to(&database, last).await.unwrap();
    let last = platform::SCHEMA.migrations.len() - 1;
    platform::SCHEMA.migrate_to(&database, last).await.unwrap();
    let kept = "INSERT INTO holds (study_uid, reason, at_ns, actor) VALUES ('1.2', 'in court', 8, 'web:law')";
    database.batch(kept).await.unwrap();
}

/// Runs a command that opens the database, with more variables; gives what it wrote to standard error.
fn opened(site: &Site, variables: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_uptake"));
    command.args(site.arguments(&["site", "organisations"]));
    let output = command.envs(variables.iter().copied()).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

/// The copies that were saved, the oldest first.
fn copies(site: &Site) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(site.data.join("upgrades"))
        .into_iter()
        .flatten();
    let mut copies: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    copies.sort();
    copies
}

async fn holds(place: &Place) -> i64 {
    let database = Database::open(place, 1).await.unwrap();
    let row = Sql::new("SELECT COUNT(*) FROM holds WHERE reason = 'in court'")
        .one(&database)
        .await;
    row.unwrap().unwrap().get(0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_saved_before_it_is_upgraded_and_can_be_put_back() {
    let folder = folders::new("upgraded");
    for (number, place) in places(&folder.path().join("0")).into_iter().enumerate() {
        let site = Site::new(folder.path(), &number.to_string(), Some(&place));
        former(&place).await;
        let (is_done, errors) = opened(&site, &[]);
        assert!(is_done, "{errors}");
        assert_eq!(copies(&site).len(), 1);
        // The same again is no upgrade.
        assert!(opened(&site, &[]).0);
        assert_eq!(copies(&site).len(), 1);
        let copy = copies(&site).remove(0);
        let manifest = std::fs::read(copy.join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        let known = index::SCHEMA.migrations.len();
        assert_eq!(
            manifest["schemas"]["migrations"],
            serde_json::json!({ "from": known - 1, "to": known })
        );
        assert_eq!(holds(&place).await, 1);
        // Put back, it is as it was, three times; the last two copies stay.
        for _ in 0..3 {
            let place = match &place {
                Place::Sqlite(path) => {
                    for end in ["", "-wal", "-shm"] {
                        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
                    }
                    place.clone()
                }
                Place::Postgres(_) => postgres::database().unwrap(),
            };
            let site = Site::new(folder.path(), &number.to_string(), Some(&place));
            let last = copies(&site).pop().unwrap();
            let file = ["index.sqlite", "database.dump"].map(|name| last.join(name));
            let file = file.iter().find(|file| file.exists()).unwrap();
            database::copy::restore(file, &place).await.unwrap();
            let database = Database::open(&place, 1).await.unwrap();
            let stage = index::SCHEMA.stage(&database).await.unwrap();
            assert_eq!((stage.found, stage.is_older()), (known as i64 - 1, true));
            drop(database);
            let (is_done, errors) = opened(&site, &[]);
            assert!(is_done, "{errors}");
            assert_eq!(holds(&place).await, 1);
        }
        assert_eq!(copies(&site).len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_copy_a_database_is_upgraded_only_where_that_is_said() {
    let Some(place) = postgres::database() else {
        return;
    };
    let folder = folders::new("no-copy");
    let site = Site::new(folder.path(), "site", Some(&place));
    former(&place).await;
    // PostgreSQL's programs are not on the path.
    let nowhere = ("PATH", folder.path().to_str().unwrap());
    let (is_done, errors) = opened(&site, &[nowhere]);
    assert!(
        !is_done && errors.contains("index.copy_before_upgrade = false"),
        "{errors}"
    );
    assert!(errors.contains("pg_dump cannot be run"), "{errors}");
    let database = Database::open(&place, 1).await.unwrap();
    assert!(index::SCHEMA.stage(&database).await.unwrap().is_older());
    let (is_done, errors) = opened(&site, &[nowhere, ("UPTAKE_INDEX_COPY_BEFORE_UPGRADE", "false")]);
    assert!(is_done, "{errors}");
    assert!(!index::SCHEMA.stage(&database).await.unwrap().is_older());
    assert!(copies(&site).is_empty());
}
