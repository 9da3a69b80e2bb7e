//! Databases of all schemas that there were, brought to this one; and one that a later version has upgraded.

use database::schema::Schema;
use database::{Connection, Database, Sql, Value};
use dicom_dictionary_std::tags;

use super::{former, postgres};
use crate::delivery::{Begin, Queue, State};
use crate::events::{Event, EventTable, Kind};
use crate::gateway::Devices;
use crate::index::generator::generate;
use crate::index::schema::SCHEMA;
use crate::index::{Error, Index, Key, Level, Page, Place, Query, Restriction, Scope};
use crate::orders::{Filter, OrderSource, OrderTable};
use crate::retention;
use crate::services::applications::Applications;
use crate::storage::Hash;
use crate::test_folder::TestFolder;

const ROWS: &str = include_str!("former.sql");

/// A database as it was under a schema, with rows.
async fn of_schema(place: &Place, schema: usize) {
    let database = Database::open(place, 1).await.unwrap();
    if schema > BEFORE {
        journal::SCHEMA.migrate(&database).await.unwrap();
    }
    SCHEMA.migrate_to(&database, schema).await.unwrap();
    former::fill(&database, ROWS, schema as i64).await;
}

/// What was kept under a schema is found by this version's functions.
async fn check(index: &Index, schema: usize) {
    let since = |first: usize| usize::from(schema >= first);
    let (all, first) = (&Restriction::NONE, Page::FIRST);
    let name = Key::from_text(tags::PATIENT_NAME, "wang xiaoming").into_fuzzy();
    let studies = Query {
        keys: vec![name],
        ..Query::all(Level::Study)
    };
    let studies = index.query(&studies).await.unwrap();
    assert_eq!(studies.len(), 1);
    assert_eq!(studies[0].value(tags::STUDY_INSTANCE_UID), "1.2");
    assert_eq!(studies[0].value(tags::PATIENT_ID), "P1");
    let instances = index.query(&Query::all(Level::Instance)).await.unwrap();
    let object = instances[0].object.clone().unwrap();
    assert_eq!((object.hash, object.size), (Hash::of(b"object"), 6));
    assert_eq!(object.compressed.is_some(), schema >= 9);
    let metadata = index.metadata("1.2", Some("1.2.1")).await.unwrap();
    assert!(metadata[0].json.contains("1.2.1.1"), "{}", metadata[0].json);
    let merges = index.merges(all, first).await.unwrap();
    assert_eq!((merges.len(), merges[0].made.into.id.as_str()), (1, "P1"));

    let events = EventTable::after(index, 0, 9).await.unwrap();
    assert_eq!(events.len(), since(2));
    assert!(
        events
            .iter()
            .all(|(id, event)| *id == 1 && event.kind == Kind::Stored)
    );
    let report = journal::verify::verify(index.readers(), &[]).await.unwrap();
    assert_eq!((report.entries as usize, report.findings), (since(2), Vec::new()));

    let step = Filter {
        step_id: Some("S1".to_owned()),
        limit: 9,
        ..Filter::default()
    };
    let orders = OrderTable::new(index.clone());
    assert_eq!(orders.find(&step).await.unwrap().len(), since(3));
    let applications = Applications::open(index.clone()).await.unwrap();
    let application = applications.get("PET1");
    assert_eq!(application.is_some(), schema >= 3);
    assert!(
        application.is_none_or(|one| one.address.as_deref() == Some("10.1.2.3:104") && !one.is_configured)
    );
    let queue = Queue::open(index.clone(), "routing", Begin::Now).await.unwrap();
    assert_eq!(queue.list(State::Waiting, 9).await.unwrap().len(), since(4));

    let corrections = index.corrections(None, all, first).await.unwrap();
    assert_eq!(corrections.len(), since(5));
    assert!(
        corrections
            .iter()
            .all(|one| one.made.scope == Scope::Study("1.2".to_owned()))
    );
    let rejections = index.rejections(Some("1.2"), all, first).await.unwrap();
    assert_eq!(
        rejections.iter().map(|one| one.instances as usize).sum::<usize>(),
        since(5)
    );
    assert_eq!(index.conflicts(true, all, first).await.unwrap().len(), since(5));
    let holds = retention::holds(index, Some("1.2"), all, first).await.unwrap();
    assert_eq!(holds.len(), since(5));
    assert_eq!(
        Devices::named(index, "north").await.unwrap().is_some(),
        schema >= 6
    );
    assert_eq!(
        index.custodian_of("1.5").await.unwrap(),
        (schema >= 12).then_some(7)
    );
    // It goes on: the next entry has the next number, and the chain holds.
    retention::hold(index, "1.2", "in research", "web:law", 10)
        .await
        .unwrap();
    let report = journal::verify::verify(index.readers(), &[]).await.unwrap();
    assert_eq!(
        (report.entries as usize, report.findings),
        (since(2) + 1, Vec::new())
    );
    let holds = retention::holds(index, Some("1.2"), all, first).await.unwrap();
    assert_eq!(holds.len(), since(5) + 1);
}

#[tokio::test]
async fn what_was_kept_under_each_schema_is_found_under_this_one() {
    let folder = TestFolder::new("index");
    for schema in 1..=SCHEMA.migrations.len() {
        let sqlite = Place::Sqlite(folder.path().join(format!("{schema}.sqlite")));
        for place in [Some(sqlite), postgres::database()].into_iter().flatten() {
            println!("schema {schema}, {place:?}");
            of_schema(&place, schema).await;
            check(&Index::open(&place).await.unwrap(), schema).await;
        }
    }
}

/// The schema of a version to come, with which the programs of some schema can go on.
fn next(compatible_from: i64) -> Schema<Error> {
    let added = "ALTER TABLE holds ADD COLUMN next_note {text}; \
                 CREATE TABLE next_things (id {id}, hold BIGINT REFERENCES holds (id) ON DELETE CASCADE);";
    Schema {
        migrations: [SCHEMA.migrations, &[added]].concat().leak(),
        compatible_from,
        ..SCHEMA
    }
}

#[tokio::test]
async fn this_version_goes_on_with_what_the_next_one_added_to() {
    let folder = TestFolder::new("index");
    let known = SCHEMA.migrations.len() as i64;
    let sqlite = Place::Sqlite(folder.path().join("next.sqlite"));
    for place in [Some(sqlite), postgres::database()].into_iter().flatten() {
        of_schema(&place, known as usize).await;
        let later = Database::open(&place, 1).await.unwrap();
        next(known).check().unwrap();
        next(known).migrate(&later).await.unwrap();
        let wrote = "UPDATE holds SET next_note = 'kept'; INSERT INTO next_things (hold) VALUES (1)";
        later.batch(wrote).await.unwrap();
        drop(later);
        // Back to this version, which reads and writes as before.
        let index = Index::open(&place).await.unwrap();
        check(&index, known as usize).await;
        index.add_all(generate(1, 20).collect()).await.unwrap();
        retention::hold(&index, "1.2", "in court again", "web:law", 11)
            .await
            .unwrap();
        let studies = index.count(&Query::all(Level::Study)).await.unwrap();
        drop(index);
        // And forth.
        let later = Database::open(&place, 1).await.unwrap();
        next(known).migrate(&later).await.unwrap();
        let kept = Sql::new(
            "SELECT h.next_note, (SELECT COUNT(*) FROM holds), (SELECT COUNT(*) FROM studies WHERE instances > 0) \
             FROM holds h JOIN next_things t ON t.hold = h.id",
        );
        let kept = kept.one(&later).await.unwrap().unwrap();
        assert_eq!(kept.get::<String>(0).unwrap(), "kept");
        assert_eq!(kept.get::<i64>(1).unwrap(), 3);
        assert_eq!(kept.get::<i64>(2).unwrap(), studies as i64);
        // A version to come with which this one cannot go on.
        let mut last = next(known + 2);
        last.migrations = [last.migrations, &["DROP TABLE next_things"]].concat().leak();
        last.migrate(&later).await.unwrap();
        let refused = Index::open(&place).await.unwrap_err();
        assert!(matches!(refused, Error::Newer { .. }), "{refused}");
    }
}

/// The last migration before the journal.
const BEFORE: usize = 10;

async fn before_the_journal(place: &Place) {
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
        before_the_journal(&place).await;
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
