//! A database of the schema before the journal: its events go there under their numbers.

use database::{Connection, Database, Sql, Value};

use super::postgres;
use crate::events::{Event, EventTable, Kind};
use crate::index::schema::SCHEMA;
use crate::index::{Index, Page, Place, Restriction, Scope};
use crate::storage::Hash;
use crate::test_folder::TestFolder;

/// The last migration before the journal.
const BEFORE: usize = 10;

async fn former(place: &Place) {
    let database = Database::open(place, 1).await.unwrap();
    SCHEMA.migrate_to(&database, BEFORE).await.unwrap();
    for (id, kind, study_uid) in [
        (3, "stored", Some("1.2")),
        (4, "merged", None),
        (9, "damaged", Some("1.3")),
    ] {
        let values: [Value; 8] = [
            Value::from(id),
            7_i64.into(),
            kind.into(),
            "dimse:CT1".into(),
            study_uid.map(str::to_owned).into(),
            Hash::of(kind.as_bytes()).to_string().into(),
            "{}".into(),
            None::<String>.into(),
        ];
        let mut sql = Sql::new(
            "INSERT INTO events (id, at_ns, kind, actor, study_uid, hash, detail, sop_uid) VALUES (",
        );
        sql.bind_all(values).push(")");
        database.run(&sql).await.unwrap();
    }
    for target in [
        "study 1.2",
        "series 1.2 1.2.1",
        "instance 1.9",
        "patient id P1\u{1}",
    ] {
        let mut sql =
            Sql::new("INSERT INTO corrections (at_ns, target, changes, before, actor, reason) VALUES (5, ");
        sql.bind_all([target, "{}", "{}", "web:clerk", "misspelt"])
            .push(")");
        database.run(&sql).await.unwrap();
    }
}

#[tokio::test]
async fn events_from_before_the_journal_keep_their_numbers() {
    let folder = TestFolder::new("index");
    let sqlite = Place::Sqlite(folder.path().join("index.sqlite"));
    for place in [Some(sqlite), postgres::database()].into_iter().flatten() {
        former(&place).await;
        let index = Index::open(&place).await.unwrap();
        let change = index.begin().await.unwrap();
        change
            .record(&Event::new(Kind::Held, "web:law", 8))
            .await
            .unwrap();
        change.commit().await.unwrap();
        // Opened again there is nothing left to do.
        let index = {
            drop(index);
            Index::open(&place).await.unwrap()
        };
        let events = EventTable::after(&index, 0, 100).await.unwrap();
        let told: Vec<_> = events
            .iter()
            .map(|(id, event)| (*id, event.kind, event.study_uid.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                (3, Kind::Stored, Some("1.2")),
                (4, Kind::Merged, None),
                (9, Kind::Damaged, Some("1.3")),
                (10, Kind::Held, None),
            ]
        );
        assert_eq!(events[0].1.hash, Some(Hash::of(b"stored")));
        assert_eq!(EventTable::last(&index).await.unwrap(), 10);
        let report = journal::verify::verify(index.readers(), &[]).await.unwrap();
        assert_eq!((report.entries, report.findings), (4, Vec::new()));
        assert!(
            Sql::new("SELECT 1 FROM events")
                .one(index.readers())
                .await
                .is_err()
        );
        // Corrections know their study, or that they are a patient's; nobody sees them who sees a custodian's only.
        let all = index
            .corrections(None, &Restriction::NONE, Page::FIRST)
            .await
            .unwrap();
        assert_eq!(all.len(), 4);
        assert!(matches!(&all[3].made.scope, Scope::Patient(patient) if patient.id == "P1"));
        let some = index
            .corrections(None, &Restriction::of(vec![1]), Page::FIRST)
            .await;
        assert_eq!(some.unwrap(), []);
    }
}
