//! A journal in a folder of the test's own. That PostgreSQL answers alike is seen by the archive's suite, which runs on both.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use database::{Connection, Database, Place, Sql, Writer};

use super::heads::{Heads, Key};
use super::verify::{Finding, verify};
use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("journal-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Test {
    folder: Folder,
    readers: Database,
    writer: Writer,
    key: Key,
    heads: Heads,
}

impl Test {
    async fn new() -> Self {
        let folder = Folder::new();
        let place = Place::Sqlite(folder.0.join("test.sqlite"));
        let writing = Database::open(&place, 1).await.unwrap();
        SCHEMA.migrate(&writing).await.unwrap();
        Self {
            readers: Database::open(&place, 4).await.unwrap(),
            writer: Writer::new(writing),
            key: Key::open(&folder.0.join("keys/journal")).unwrap(),
            heads: Heads::at(folder.0.join("heads")),
            folder,
        }
    }

    async fn write(&self, kinds: &[&'static str]) {
        let entries: Vec<Entry> = kinds
            .iter()
            .map(|kind| Entry::new(*kind, "person:1", 5))
            .collect();
        let change = self.writer.begin().await.unwrap();
        append(&change, &entries).await.unwrap();
        change.commit().await.unwrap();
    }

    async fn seal(&self) {
        self.heads.seal(&self.readers, &self.key, 7).await.unwrap();
    }

    async fn findings(&self) -> Vec<Finding> {
        let heads = self.heads.read(&self.key.public()).unwrap();
        verify(&self.readers, &heads).await.unwrap().findings
    }

    async fn change(&self, statement: &str) {
        self.readers.run(&Sql::new(statement)).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_not_tampered_with_has_no_findings() {
    let test = Test::new().await;
    test.write(&["a", "b", "c"]).await;
    test.seal().await;
    test.write(&["d"]).await;
    let heads = test.heads.read(&test.key.public()).unwrap();
    let report = verify(&test.readers, &heads).await.unwrap();
    assert_eq!((report.entries, report.heads, report.sealed), (4, 1, Some(3)));
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn every_kind_of_tampering_is_found() {
    for (statement, expected) in [
        (
            "UPDATE journal SET actor = 'person:2' WHERE id = 2",
            Finding::Broken { id: 2 },
        ),
        (
            "UPDATE journal SET subject = '' WHERE id = 2",
            Finding::Broken { id: 2 },
        ),
        ("DELETE FROM journal WHERE id = 2", Finding::Broken { id: 3 }),
        ("DELETE FROM journal WHERE id = 3", Finding::Cut { id: 3 }),
        (
            "UPDATE journal SET id = 9 WHERE id = 1",
            Finding::Broken { id: 2 },
        ),
        (
            "INSERT INTO journal (id, at_ns, kind, actor, chain) SELECT 4, at_ns, kind, actor, chain FROM journal WHERE id = 3",
            Finding::Broken { id: 4 },
        ),
    ] {
        let test = Test::new().await;
        test.write(&["a", "b", "c"]).await;
        test.seal().await;
        test.change(statement).await;
        let found = test.findings().await;
        assert!(found.contains(&expected), "{statement}: {found:?}");
    }
}

#[tokio::test]
async fn a_chain_written_anew_is_not_the_one_that_was_signed() {
    let test = Test::new().await;
    test.write(&["a", "b", "c"]).await;
    test.seal().await;
    test.change("DELETE FROM journal WHERE id > 1").await;
    test.write(&["other", "c"]).await;
    assert_eq!(test.findings().await, [Finding::Rewritten { id: 3 }]);
}

#[tokio::test]
async fn heads_of_another_key_are_refused_and_a_torn_last_line_is_not() {
    let test = Test::new().await;
    test.write(&["a"]).await;
    test.seal().await;
    let path = test.folder.0.join("heads");
    let other = Key::open(&test.folder.0.join("keys/other")).unwrap();
    assert!(test.heads.read(&other.public()).is_err());
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}{}", &text[..20])).unwrap();
    assert_eq!(test.heads.read(&test.key.public()).unwrap().len(), 1);
    std::fs::write(&path, format!("{}\n{text}", &text[..20])).unwrap();
    assert!(test.heads.read(&test.key.public()).is_err());
}

#[tokio::test]
async fn the_chain_goes_on_after_its_oldest_part_was_removed() {
    let test = Test::new().await;
    let change = test.writer.begin().await.unwrap();
    let entries: Vec<Entry> = (0..10).map(|at_ns| Entry::new("a", "cli", at_ns)).collect();
    append(&change, &entries).await.unwrap();
    change.commit().await.unwrap();
    test.seal().await;
    let change = test.writer.begin().await.unwrap();
    assert_eq!(remove_before(&change, 4, 99).await.unwrap(), 4);
    change.commit().await.unwrap();
    test.write(&["b"]).await;
    test.seal().await;
    assert_eq!(test.findings().await, []);
    test.change("DELETE FROM journal WHERE id = 5").await;
    assert_eq!(test.findings().await, [Finding::Broken { id: 6 }]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_are_written_together_and_each_is_there_when_it_is_answered() {
    let test = Test::new().await;
    let recorder = Recorder::new(test.writer.clone());
    let looks = (0..200).map(|number| {
        let (recorder, readers) = (recorder.clone(), test.readers.clone());
        tokio::spawn(async move {
            let actor = format!("person:{number}");
            recorder
                .record(Entry::new("study.read", &actor, 1))
                .await
                .unwrap();
            let query = Query {
                actor: Some(actor),
                limit: 10,
                ..Query::default()
            };
            find(&readers, &query).await.unwrap().len()
        })
    });
    for look in looks.collect::<Vec<_>>() {
        assert_eq!(look.await.unwrap(), 1);
    }
    assert_eq!(test.findings().await, []);
}

#[tokio::test]
async fn entries_are_found_by_what_they_say() {
    let test = Test::new().await;
    let change = test.writer.begin().await.unwrap();
    let entry = |kind: &'static str, actor: &str, organisation, at_ns| Entry {
        organisation,
        subject: Some("role:3".to_owned()),
        ..Entry::new(kind, actor, at_ns)
    };
    let entries = [
        entry("role.changed", "person:1", Some(1), 10),
        entry("role.removed", "person:2", Some(1), 20),
        entry("role.changed", "person:1", Some(2), 30),
        entry("system", "cli", None, 40),
        entry("role.changed", "person:12", None, 50),
        entry("study.read", "person:1 client:viewer", None, 60),
    ];
    append(&change, &entries).await.unwrap();
    change.commit().await.unwrap();
    let all = || Query {
        limit: 10,
        ..Query::default()
    };
    let text = |text: &str| Some(text.to_owned());
    for (query, expected) in [
        (all(), vec![6, 5, 4, 3, 2, 1]),
        (Query { limit: 2, ..all() }, vec![6, 5]),
        (
            Query {
                before: Some(3),
                ..all()
            },
            vec![2, 1],
        ),
        (
            Query {
                organisations: Some(vec![1]),
                ..all()
            },
            vec![2, 1],
        ),
        (
            Query {
                organisations: Some(vec![]),
                ..all()
            },
            vec![],
        ),
        (
            Query {
                actor: text("person:1"),
                ..all()
            },
            // What a program did in the person's name too, and nothing of person 12.
            vec![6, 3, 1],
        ),
        (
            Query {
                actor: text("person:1 client:viewer"),
                ..all()
            },
            vec![6],
        ),
        (
            Query {
                kinds: Some(vec!["role.removed".to_owned()]),
                ..all()
            },
            vec![2],
        ),
        (
            Query {
                from_ns: Some(20),
                until_ns: Some(40),
                ..all()
            },
            vec![3, 2],
        ),
        (
            Query {
                subject: text("role:4"),
                ..all()
            },
            vec![],
        ),
    ] {
        let found = find(&test.readers, &query).await.unwrap();
        let ids: Vec<i64> = found.iter().map(|stored| stored.id).collect();
        assert_eq!(ids, expected, "{query:?}");
    }
    let changed = after(&test.readers, 1, 10, Some(&["role.changed"]))
        .await
        .unwrap();
    assert_eq!(changed.iter().map(|stored| stored.id).collect::<Vec<_>>(), [3, 5]);
    assert_eq!(changed[0].entry, entries[2]);
}

#[tokio::test]
async fn the_last_head_is_read_alone_and_the_journal_agrees_with_it_until_it_is_cut() {
    let test = Test::new().await;
    let public = test.key.public();
    assert_eq!(test.heads.last(&public).unwrap(), None);
    for _ in 0..40 {
        test.write(&["a"]).await;
        test.heads.seal(&test.readers, &test.key, 7).await.unwrap();
    }
    let last = test.heads.last(&public).unwrap().unwrap();
    assert_eq!(Some(&last), test.heads.read(&public).unwrap().last());
    assert!(super::verify::agrees(&test.readers, &last).await.unwrap());
    // A last line that a loss of power cut is left out.
    let path = test.folder.0.join("heads");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"id\":");
    std::fs::write(&path, &text).unwrap();
    assert_eq!(test.heads.last(&public).unwrap().unwrap(), last);
    let other = Key::open(&test.folder.0.join("other")).unwrap();
    test.heads.last(&other.public()).unwrap_err();
    let change = test.writer.begin().await.unwrap();
    Sql::new("DELETE FROM journal WHERE id = 40")
        .run(&*change)
        .await
        .unwrap();
    change.commit().await.unwrap();
    assert!(!super::verify::agrees(&test.readers, &last).await.unwrap());
}

#[tokio::test]
async fn a_walk_goes_on_where_it_was_and_finds_what_was_changed() {
    let test = Test::new().await;
    test.write(&["a", "b", "c"]).await;
    let mut walk = super::verify::Walk::default();
    assert!(walk.step(&test.readers).await.unwrap());
    test.write(&["d"]).await;
    assert!(walk.step(&test.readers).await.unwrap());
    assert_eq!(walk.broken(), None);
    let change = test.writer.begin().await.unwrap();
    Sql::new("UPDATE journal SET actor = 'x' WHERE id = 2")
        .run(&*change)
        .await
        .unwrap();
    change.commit().await.unwrap();
    // What was read is not read again; a walk from the beginning finds it.
    assert!(walk.step(&test.readers).await.unwrap());
    assert_eq!(walk.broken(), None);
    let mut walk = super::verify::Walk::default();
    walk.step(&test.readers).await.unwrap();
    assert_eq!(walk.broken(), Some(2));
}

/// An entry as each schema had it; its chain was computed from its definition by another program.
const FORMER: &str = "INSERT INTO journal (at_ns, kind, actor, organisation, subject, address, detail, chain) \
    VALUES (7, 'role.changed', 'person:7', 3, 'role:2', '10.0.0.5', '{}', \
    X'004b87e0b6ba3b08cdeec8967746c445754a21d5a9d82210137abd60dd52137c')";

#[tokio::test]
async fn what_was_written_under_each_schema_is_verified_under_this_one() {
    for schema in 1..=SCHEMA.migrations.len() {
        let folder = Folder::new();
        let place = Place::Sqlite(folder.0.join("test.sqlite"));
        let database = Database::open(&place, 1).await.unwrap();
        SCHEMA.migrate_to(&database, schema).await.unwrap();
        database.batch(FORMER).await.unwrap();
        SCHEMA.migrate(&database).await.unwrap();
        let report = verify(&database, &[]).await.unwrap();
        assert_eq!((report.entries, report.findings), (1, Vec::new()));
        let query = Query {
            actor: Some("person:7".to_owned()),
            limit: 9,
            ..Query::default()
        };
        let found = find(&database, &query).await.unwrap();
        assert_eq!(found[0].entry.subject.as_deref(), Some("role:2"));
    }
}

#[tokio::test]
async fn a_walk_goes_on_where_the_oldest_entries_were_removed_meanwhile() {
    let test = Test::new().await;
    test.write(&["a", "b", "c"]).await;
    let mut walk = super::verify::Walk::default();
    assert!(walk.step(&test.readers).await.unwrap());
    test.write(&["d", "e", "f"]).await;
    test.seal().await;
    // Beyond where the walk is.
    let change = test.writer.begin().await.unwrap();
    assert_eq!(super::remove_until(&change, 5, 9).await.unwrap(), 5);
    super::remove_until(&change, 5, 9).await.unwrap_err();
    change.commit().await.unwrap();
    assert!(walk.step(&test.readers).await.unwrap());
    assert_eq!(walk.broken(), None);
    assert_eq!(test.findings().await, []);
}

#[tokio::test]
async fn of_times_that_went_back_the_entries_before_the_first_that_stays_are_the_oldest() {
    let test = Test::new().await;
    let change = test.writer.begin().await.unwrap();
    let entries = [10, 20, 50, 30, 60].map(|at_ns| Entry::new("a", "cli", at_ns));
    append(&change, &entries).await.unwrap();
    change.commit().await.unwrap();
    for (before_ns, expected) in [
        (10, None),
        (20, Some((1, 1))),
        (40, Some((2, 2))),
        (51, Some((4, 4))),
        (99, Some((5, 5))),
    ] {
        let oldest = super::before(&test.readers, before_ns).await.unwrap();
        let found = oldest.map(|oldest| (oldest.last, oldest.entries));
        assert_eq!(found, expected, "{before_ns}");
    }
}
