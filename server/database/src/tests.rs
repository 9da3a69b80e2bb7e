//! SQLite in a folder of the test's own. That PostgreSQL answers alike is the archive's suite, which runs on both.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::schema::{Error as SchemaError, Hook, Schema};
use super::*;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("database-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    async fn open(&self, connections: u32) -> Database {
        let place = Place::Sqlite(self.0.join("test.sqlite"));
        Database::open(&place, connections).await.unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn count(connection: &impl Connection) -> i64 {
    let row = Sql::new("SELECT COUNT(*) FROM t").one(connection).await.unwrap();
    row.unwrap().get(0).unwrap()
}

async fn add(connection: &impl Connection, value: i64) -> Result<u64> {
    let mut sql = Sql::new("INSERT INTO t (number) VALUES (");
    sql.bind(value).push(")").run(connection).await
}

#[tokio::test]
async fn values_come_back_as_they_were() {
    let folder = Folder::new();
    let database = folder.open(2).await;
    let table = "CREATE TABLE v (i BIGINT, r DOUBLE PRECISION, t TEXT, b BLOB)";
    database.batch(table).await.unwrap();
    let values: [[Value; 4]; 3] = [
        [
            i64::MIN.into(),
            f64::MIN_POSITIVE.into(),
            "王\u{0}\u{1F600}'\"".into(),
            vec![0, 255].into(),
        ],
        [
            i64::MAX.into(),
            0.1_f64.into(),
            String::new().into(),
            Vec::<u8>::new().into(),
        ],
        [
            None::<i64>.into(),
            None::<f64>.into(),
            None::<&str>.into(),
            None::<Vec<u8>>.into(),
        ],
    ];
    for row in &values {
        let mut sql = Sql::new("INSERT INTO v VALUES (");
        sql.bind_all(row.clone()).push(")");
        assert_eq!(sql.run(&database).await.unwrap(), 1);
    }
    let rows = Sql::new("SELECT i, r, t, b FROM v ORDER BY rowid")
        .all(&database)
        .await
        .unwrap();
    assert_eq!(rows.len(), values.len());
    for (row, written) in rows.iter().zip(&values) {
        let read: [Value; 4] = [
            row.get::<Option<i64>>(0).unwrap().into(),
            row.get::<Option<f64>>(1).unwrap().into(),
            row.get::<Option<String>>(2).unwrap().into(),
            row.get::<Option<Vec<u8>>>(3).unwrap().into(),
        ];
        assert_eq!(&read, written);
    }
    let error = rows[0].get::<i64>(2).unwrap_err().to_string();
    assert_eq!(error, "column 2: expected a whole number, found text");
    let error = rows[2].get::<String>(2).unwrap_err().to_string();
    assert_eq!(error, "column 2: expected text, found NULL");
    let error = rows[0].get::<String>(4).unwrap_err().to_string();
    assert_eq!(error, "column 4: expected text, found no column");
}

#[tokio::test]
async fn a_value_may_be_named_twice_and_in_any_order() {
    let folder = Folder::new();
    let database = folder.open(1).await;
    let mut sql = Sql::new("SELECT $2, $1, $2 WHERE 1 = ");
    sql.values = std::sync::Arc::new(vec!["one".into(), "two".into()]);
    sql.bind(1_i64);
    let row = sql.one(&database).await.unwrap().unwrap();
    let texts: Vec<String> = (0..3).map(|at| row.get(at).unwrap()).collect();
    assert_eq!(texts, ["two", "one", "two"]);
    let missing = Sql::new("SELECT $1").one(&database).await.unwrap_err();
    assert_eq!(
        missing.to_string(),
        "a statement names a value that it does not have"
    );
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing_and_its_connection_is_used_again() {
    let folder = Folder::new();
    let database = folder.open(1).await;
    database
        .batch("CREATE TABLE t (number BIGINT UNIQUE)")
        .await
        .unwrap();
    for _ in 0..3 {
        let transaction = database.begin().await.unwrap();
        add(&transaction, 1).await.unwrap();
        assert_eq!(count(&transaction).await, 1);
    }
    assert_eq!(count(&database).await, 0);
    let transaction = database.begin().await.unwrap();
    add(&transaction, 1).await.unwrap();
    assert!(
        add(&transaction, 1)
            .await
            .unwrap_err()
            .to_string()
            .contains("UNIQUE")
    );
    // A statement that failed took nothing else with it.
    transaction.commit().await.unwrap();
    assert_eq!(count(&folder.open(1).await).await, 1);
}

#[tokio::test]
async fn a_transaction_that_the_database_ended_takes_nothing_more() {
    let folder = Folder::new();
    let database = folder.open(1).await;
    let table = "CREATE TABLE t (number BIGINT UNIQUE ON CONFLICT ROLLBACK)";
    database.batch(table).await.unwrap();
    let transaction = database.begin().await.unwrap();
    add(&transaction, 1).await.unwrap();
    assert!(add(&transaction, 1).await.is_err());
    let error = add(&transaction, 2).await.unwrap_err().to_string();
    assert_eq!(error, "the database has ended the transaction");
    assert!(transaction.commit().await.is_err());
    assert_eq!(count(&database).await, 0);
}

#[tokio::test]
async fn a_statement_nobody_waits_for_any_more_costs_the_next_nothing() {
    let folder = Folder::new();
    let database = folder.open(1).await;
    database.batch("CREATE TABLE t (number BIGINT)").await.unwrap();
    let long = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000000) SELECT MAX(n) FROM c";
    let transaction = database.begin().await.unwrap();
    add(&transaction, 1).await.unwrap();
    let statement = Sql::new(long);
    let dropped = tokio::time::timeout(Duration::from_millis(5), statement.one(&transaction)).await;
    assert!(dropped.is_err());
    drop(transaction);
    assert_eq!(count(&database).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_wait_for_each_other() {
    let folder = Folder::new();
    let (first, second) = (folder.open(1).await, folder.open(1).await);
    first.batch("CREATE TABLE t (number BIGINT)").await.unwrap();
    let write = |database: Database| async move {
        for number in 0..50 {
            let transaction = database.begin().await.unwrap();
            let before = count(&transaction).await;
            add(&transaction, number).await.unwrap();
            assert_eq!(count(&transaction).await, before + 1);
            transaction.commit().await.unwrap();
        }
    };
    let (first_done, second_done) = (tokio::spawn(write(first.clone())), tokio::spawn(write(second)));
    first_done.await.unwrap();
    second_done.await.unwrap();
    assert_eq!(count(&first).await, 100);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_when_it_is_opened() {
    let folder = Folder::new();
    std::fs::write(folder.0.join("test.sqlite"), [7; 4096]).unwrap();
    let place = Place::Sqlite(folder.0.join("test.sqlite"));
    let error = Database::open(&place, 1).await.unwrap_err();
    assert!(error.to_string().contains("not a database"), "{error}");
}

/// What hooks fail with, where there are none.
type Never = std::convert::Infallible;

const FIRST: &[&str] = &["CREATE TABLE t (number BIGINT)", "CREATE TABLE u (number BIGINT)"];

const HOOKED: &[(i64, Hook<Never>)] = &[(3, |_| Box::pin(async { Ok(()) }))];

/// A schema that goes on from the first two migrations.
fn schema(more: &[&'static str], compatible_from: i64) -> Schema<Never> {
    Schema {
        table: "done",
        migrations: [FIRST, more].concat().leak(),
        hooks: &[],
        compatible_from,
    }
}

#[tokio::test]
async fn a_schema_of_a_later_version_is_gone_on_with_where_that_says_so() {
    let folder = Folder::new();
    let database = folder.open(1).await;
    let (before, later) = (
        schema(&[], 2),
        schema(&["ALTER TABLE t ADD COLUMN more BIGINT"], 2),
    );
    let stage = before.stage(&database).await.unwrap();
    assert_eq!(
        (stage.found, stage.compatible_from, stage.is_older()),
        (0, None, false)
    );
    before.migrate(&database).await.unwrap();
    add(&database, 1).await.unwrap();
    assert!(later.stage(&database).await.unwrap().is_older());
    later.migrate(&database).await.unwrap();
    // The version before comes back, and the later one again.
    before.migrate(&database).await.unwrap();
    let stage = before.stage(&database).await.unwrap();
    assert!(
        stage.is_newer() && stage.is_usable() && !stage.is_older(),
        "{stage:?}"
    );
    add(&database, 2).await.unwrap();
    later.migrate(&database).await.unwrap();
    assert_eq!(count(&database).await, 2);
    // Two versions on only the later of them can go on.
    let last = schema(&["ALTER TABLE t ADD COLUMN more BIGINT", "DROP TABLE u"], 3);
    last.migrate(&database).await.unwrap();
    later.migrate(&database).await.unwrap();
    let refused = before.migrate(&database).await.unwrap_err();
    assert!(
        matches!(
            refused,
            SchemaError::Newer {
                found: 4,
                known: 2,
                ..
            }
        ),
        "{refused}"
    );
}

#[tokio::test]
async fn a_later_schema_that_says_nothing_is_refused() {
    let folder = Folder::new();
    let database = folder.open(1).await;
    let table = "CREATE TABLE done (version BIGINT PRIMARY KEY); INSERT INTO done (version) VALUES (3)";
    database.batch(table).await.unwrap();
    let refused = schema(&[], 2).migrate(&database).await.unwrap_err().to_string();
    assert!(
        refused.contains("has schema 3 of a later version, this version knows 2"),
        "{refused}"
    );
}

#[test]
fn what_only_adds_is_told_from_what_does_more() {
    for (migration, words) in [
        ("CREATE TABLE v (id {id}, name {text} NOT NULL)", None),
        (
            "CREATE TABLE v (id {id}); CREATE UNIQUE INDEX v_id ON v (id)",
            None,
        ),
        (
            "CREATE TABLE v (id {id}); CREATE TABLE w (v BIGINT REFERENCES v (id))",
            None,
        ),
        (
            "CREATE TABLE v (t BIGINT REFERENCES t (number) ON DELETE SET NULL)",
            None,
        ),
        ("-- Why.\nALTER TABLE t\n  ADD COLUMN more {text};", None),
        ("alter table t add column more BIGINT NOT NULL DEFAULT 0", None),
        ("CREATE INDEX t_number ON t (number)", None),
        ("", None),
        ("ALTER TABLE t ADD COLUMN more BIGINT NOT NULL", Some("NOT NULL")),
        ("ALTER TABLE t DROP COLUMN number", Some("DROP COLUMN")),
        ("ALTER TABLE t RENAME COLUMN number TO count", Some("RENAME")),
        ("CREATE UNIQUE INDEX t_number ON t (number)", Some("UNIQUE INDEX")),
        (
            "CREATE TABLE v (t BIGINT REFERENCES t (number))",
            Some("REFERENCES T"),
        ),
        ("DROP TABLE u", Some("DROP TABLE")),
        ("UPDATE t SET number = 0", Some("UPDATE")),
    ] {
        let found = schema(&[migration], 2).check();
        match words {
            None => assert_eq!(found, Ok(()), "{migration}"),
            Some(words) => assert!(found.unwrap_err().contains(words), "{migration}"),
        }
        // What this version cannot go on without is not looked at.
        assert_eq!(schema(&[migration], 3).check(), Ok(()));
    }
    let hooked = Schema {
        hooks: HOOKED,
        ..schema(&[""], 2)
    };
    assert!(hooked.check().unwrap_err().contains("has a hook"));
}
