//! Databases of all schemas that there were, brought to this one: what people had is on their pages.

use database::schema::Schema;
use database::{Connection as _, Database};
use pacs::index::{Index, Place};

use crate::settings::Settings;
use crate::sign_in::wechat;
use crate::test_site::Site;
use crate::{Error, SCHEMA, test_former, test_postgres};

const ROWS: &str = include_str!("former.sql");

/// What is found from which schema on: by whom, where, which words.
const FOUND: &[(i64, &str, &str, &str)] = &[
    (1, "own", "/members", "张医生"),
    (1, "own", "/roles", "值班读片"),
    (1, "own", "/devices", "一号机房"),
    (1, "own", "/dockings", "影像诊断组"),
    (1, "own", "/dictionary?kind=body-part", "头颅"),
    (1, "own", "/notifications", "影像诊断组"),
    (1, "organisations", "/platform/organisations", "人民医院"),
    (1, "jobs", "/platform/jobs/1", "the database was away"),
    (2, "own", "/devices/1", "PETCT-NORTH"),
    (4, "clients", "/platform/clients", "随访系统"),
    (5, "jobs", "/platform/outbox?state=not-connected", "账号已注销"),
    (6, "monitoring", "/platform/monitoring", "分院网关"),
    (6, "monitoring", "/platform/monitoring/alarms", "31 h"),
    (6, "own", "/support", "打印机没有反应"),
];

/// A database as it was under a schema, with rows.
async fn of_schema(place: &Place, schema: usize) {
    drop(Index::open(place).await.unwrap());
    let database = Database::open(place, 1).await.unwrap();
    SCHEMA.migrate_to(&database, schema).await.unwrap();
    test_former::fill(&database, ROWS, schema as i64).await;
}

/// What was kept under a schema is there for whom it was.
async fn check(site: &Site, schema: i64) {
    let own = site.signed_in(1, Some(1)).await;
    for (since, who, path, words) in FOUND {
        let page = match *who {
            "own" => own.get(path).await,
            permission => site.officer(permission).await.get(path).await,
        };
        let is_found = page.status.is_success() && page.text.contains(words);
        assert_eq!(
            is_found,
            schema >= *since,
            "{path} of schema {schema}: {}",
            page.text
        );
    }
    let bound = wechat::reached(site.platform.readers(), 1).await.unwrap();
    assert_eq!(bound.is_some(), schema >= 3);
    // It goes on: a new row has the next number.
    let name = format!("夜班{schema}");
    let added = [
        ("name", name.as_str()),
        ("description", ""),
        ("permission", "studies-view"),
    ];
    own.post("/roles", &added).await.leads_to("/roles");
    assert!(own.get("/roles").await.text.contains(&name));
}

fn places(folder: &std::path::Path, name: &str) -> impl Iterator<Item = Place> {
    let sqlite = Place::Sqlite(folder.join(format!("{name}.sqlite")));
    [Some(sqlite), test_postgres::database()].into_iter().flatten()
}

/// A folder that goes with the test.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("platform-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn what_was_kept_under_each_schema_is_found_under_this_one() {
    let folder = Folder::new("former");
    for schema in 1..=SCHEMA.migrations.len() {
        for place in places(&folder.0, &schema.to_string()) {
            println!("schema {schema}, {place:?}");
            of_schema(&place, schema).await;
            let site = Site::at(Settings::default(), Some(place)).await;
            check(&site, schema as i64).await;
        }
    }
}

/// The schema of a version to come, with which this one can go on.
fn next() -> Schema<Error> {
    let added = "ALTER TABLE roles ADD COLUMN next_note {text}; ALTER TABLE people ADD COLUMN next_count BIGINT NOT NULL DEFAULT 7; \
                 CREATE TABLE next_things (id {id}, person BIGINT REFERENCES people (id) ON DELETE CASCADE);";
    Schema {
        migrations: [SCHEMA.migrations, &[added]].concat().leak(),
        compatible_from: SCHEMA.migrations.len() as i64,
        ..SCHEMA
    }
}

#[tokio::test]
async fn this_version_goes_on_with_what_the_next_one_added_to() {
    let folder = Folder::new("next");
    let known = SCHEMA.migrations.len();
    next().check().unwrap();
    for place in places(&folder.0, "next") {
        of_schema(&place, known).await;
        let later = Database::open(&place, 1).await.unwrap();
        next().migrate(&later).await.unwrap();
        later.batch("UPDATE roles SET next_note = 'kept'").await.unwrap();
        let site = Site::at(Settings::default(), Some(place)).await;
        check(&site, known as i64).await;
        site.account("新来的医生").await;
        next().migrate(&later).await.unwrap();
        assert_eq!(
            site.count("SELECT COUNT(*) FROM roles WHERE next_note = 'kept'")
                .await,
            2
        );
        assert_eq!(
            site.count("SELECT next_count FROM people WHERE name = '新来的医生'")
                .await,
            7
        );
    }
}
