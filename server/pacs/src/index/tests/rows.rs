//! Rows: what is shown of several objects, counts, paging, merges, duplicates, one read for metadata.

use std::collections::BTreeSet;

use database::{Backend, Connection, Sql};
use dicom_dictionary_std::tags;

use super::{merge, on_both};
use crate::events::{EventTable, Kind as Happened};
use crate::index::attributes::{self, Kind};
use crate::index::{
    Added, Error, Identifier, Index, Key, Level, Match, NewMerge, Page, Query, Restriction, generator,
};

fn query(level: Level, keys: &[(dicom_core::Tag, &str)]) -> Query {
    Query {
        keys: keys
            .iter()
            .map(|(tag, text)| Key::from_text(*tag, text))
            .collect(),
        ..Query::all(level)
    }
}

#[tokio::test]
async fn pages_join_to_the_whole_and_counts_agree() {
    on_both(async |index: Index| {
        let facts: Vec<_> = generator::generate(1, 60).collect();
        index.add_all(facts.clone()).await.unwrap();
        for level in Level::ALL {
            let all = index.query(&Query::all(level)).await.unwrap();
            assert_eq!(index.count(&Query::all(level)).await.unwrap(), all.len() as u64);
            let (mut by_offset, mut by_cursor) = (Vec::new(), Vec::new());
            loop {
                let page = Query {
                    offset: by_offset.len() as u64,
                    limit: Some(7),
                    ..Query::all(level)
                };
                let rows = index.query(&page).await.unwrap();
                let page = Query {
                    after: by_cursor.last().map(|row: &crate::index::Row| row.cursor.clone()),
                    limit: Some(7),
                    ..Query::all(level)
                };
                by_cursor.extend(index.query(&page).await.unwrap());
                if rows.is_empty() {
                    break;
                }
                by_offset.extend(rows);
            }
            assert_eq!(by_offset, all);
            assert_eq!(by_cursor, all);
        }
        let studies = index.query(&Query::all(Level::Study)).await.unwrap();
        assert_eq!(studies.len(), 60);
        assert!(studies.is_sorted_by(|a, b| a.value(tags::STUDY_DATE) >= b.value(tags::STUDY_DATE)));
        for study in &studies {
            assert_eq!(study.value(tags::MODALITIES_IN_STUDY), "CT\\PT");
            assert_eq!(study.value(tags::NUMBER_OF_STUDY_RELATED_SERIES), "2");
            assert_eq!(study.value(tags::NUMBER_OF_STUDY_RELATED_INSTANCES), "2");
        }
    })
    .await;
}

#[tokio::test]
async fn duplicates_are_kept_and_the_first_received_is_seen() {
    on_both(async |index: Index| {
        let mut facts: Vec<_> = generator::generate(2, 3).take(3).collect();
        let uid = facts[0].value(tags::SOP_INSTANCE_UID).to_owned();
        facts[2].values.insert(tags::SOP_INSTANCE_UID, uid.clone());
        // The later one is written first.
        facts.reverse();
        assert_eq!(index.add(facts[0].clone()).await.unwrap(), Added::New);
        assert_eq!(index.add(facts[2].clone()).await.unwrap(), Added::Different);
        assert_eq!(index.add(facts[2].clone()).await.unwrap(), Added::Identical);
        let rows = index
            .query(&query(Level::Instance, &[(tags::SOP_INSTANCE_UID, &uid)]))
            .await
            .unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].object.as_ref().unwrap().hash, facts[2].object.hash);
        let hashes = [facts[2].object.hash, facts[0].object.hash];
        assert_eq!(index.duplicates(&uid).await.unwrap(), hashes);
        // The study of which only the later one is known is not seen.
        assert_eq!(index.count(&Query::all(Level::Study)).await.unwrap(), 1);
        assert_eq!(index.count(&Query::all(Level::Patient)).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_order_of_writing_does_not_matter() {
    on_both(async |index: Index| {
        let mut facts: Vec<_> = generator::generate(3, 8).collect();
        for facts in facts.iter_mut().take(8) {
            // Several objects speak differently of one study and one patient.
            facts.values.insert(tags::STUDY_INSTANCE_UID, "2.25.1".to_owned());
        }
        index.add_all(facts.clone()).await.unwrap();
        let forward = index.dump().await.unwrap();
        index.clear().await.unwrap();
        assert!(index.dump().await.unwrap().is_empty());
        facts.reverse();
        index.add_all(facts.clone()).await.unwrap();
        assert_eq!(index.dump().await.unwrap(), forward);
    })
    .await;
}

#[tokio::test]
async fn merges_join_and_can_be_undone() {
    on_both(async |index: Index| {
        let facts: Vec<_> = generator::generate(4, 30).collect();
        index.add_all(facts.clone()).await.unwrap();
        let before = index.dump().await.unwrap();
        let ids: BTreeSet<String> = facts
            .iter()
            .map(|f| f.value(tags::PATIENT_ID).to_owned())
            .collect();
        let patient = |number: usize| Identifier {
            id: ids.iter().nth(number).unwrap().clone(),
            issuer: "HIS".to_owned(),
        };
        let (a, b, c) = (patient(0), patient(1), patient(2));
        let studies = async |id: &Identifier| {
            index
                .query(&query(Level::Study, &[(tags::PATIENT_ID, &id.id)]))
                .await
                .unwrap()
        };
        let (of_a, of_b) = (studies(&a).await.len(), studies(&b).await.len());
        let first = index.merge(&merge(&a, &b, 1)).await.unwrap();
        let joined = studies(&a).await;
        assert_eq!(joined.len(), of_a + of_b);
        assert_eq!(joined, studies(&b).await);
        assert!(joined.iter().all(|study| study.value(tags::PATIENT_ID) == b.id));
        assert_eq!(
            index.count(&Query::all(Level::Patient)).await.unwrap(),
            ids.len() as u64 - 1
        );
        let second = index.merge(&merge(&b, &c, 2)).await.unwrap();
        assert_eq!(studies(&a).await, studies(&c).await);
        for (from, into) in [(&a, &c), (&c, &a), (&c, &c)] {
            let refused = index.merge(&merge(from, into, 3)).await;
            assert!(matches!(refused, Err(Error::Merge(_))));
        }
        // Merges survive making the index anew.
        let merged = index.dump().await.unwrap();
        index.clear().await.unwrap();
        index.add_all(facts.clone()).await.unwrap();
        assert_eq!(index.dump().await.unwrap(), merged);
        index
            .unmerge(first, &Restriction::NONE, "web:clerk", 4)
            .await
            .unwrap();
        assert_eq!(studies(&a).await.len(), of_a);
        index
            .unmerge(second, &Restriction::NONE, "web:clerk", 5)
            .await
            .unwrap();
        assert!(
            index
                .unmerge(second, &Restriction::NONE, "web:clerk", 6)
                .await
                .is_err()
        );
        assert_eq!(index.dump().await.unwrap(), before);
        let unknown = Identifier {
            id: "NOBODY".to_owned(),
            issuer: String::new(),
        };
        let unsaid = NewMerge {
            reason: " ".to_owned(),
            ..merge(&a, &b, 7)
        };
        for wrong in [unsaid, merge(&a, &unknown, 7)] {
            assert!(matches!(index.merge(&wrong).await, Err(Error::Correction(_))));
        }
        let merges = index.merges(&Restriction::NONE, Page::FIRST).await.unwrap();
        assert_eq!(merges.len(), 2);
        assert_eq!(merges[0].made, merge(&a, &b, 1));
        assert_eq!(merges[0].undone, Some((4, "web:clerk".to_owned())));
        let page = Page {
            after: first,
            limit: 5,
        };
        assert_eq!(index.merges(&Restriction::NONE, page).await.unwrap(), merges[1..]);
        let events = EventTable::after(&index, 0, 100).await.unwrap();
        let events: Vec<_> = events
            .iter()
            .map(|(_, event)| (event.kind, event.at_ns))
            .collect();
        let (made, undone) = (Happened::Merged, Happened::MergeUndone);
        assert_eq!(events, [(made, 1), (made, 2), (undone, 4), (undone, 5)]);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_matched_is_an_error() {
    on_both(async |index: Index| {
        for (key, expected_way) in [
            (Key::from_text(tags::PIXEL_SPACING, "1"), false),
            (Key::from_text(tags::ROWS, "512"), false),
            (
                Key {
                    tag: tags::PATIENT_NAME,
                    matching: Match::UidList(Vec::new()),
                },
                true,
            ),
        ] {
            let asked = Query {
                keys: vec![key],
                ..Query::all(Level::Study)
            };
            let error = index.query(&asked).await.unwrap_err();
            assert_eq!(matches!(error, Error::WrongMatching(_)), expected_way, "{error}");
        }
        let list = Key {
            tag: tags::STUDY_INSTANCE_UID,
            matching: Match::UidList(vec!["1".to_owned(); 20_000]),
        };
        let asked = Query {
            keys: vec![list],
            ..Query::all(Level::Study)
        };
        assert!(matches!(index.query(&asked).await, Err(Error::TooMany { .. })));
    })
    .await;
}

#[tokio::test]
async fn hostile_text_is_data() {
    on_both(async |index: Index| {
        index.add_all(generator::generate(5, 4).collect()).await.unwrap();
        for text in [
            "' OR 1=1 --",
            "\0",
            "a\0*",
            "%",
            "_",
            "\\",
            "[",
            "[*",
            "]",
            "$1",
            "\u{10FFFF}*",
            "*'*",
        ] {
            for tag in [
                tags::PATIENT_NAME,
                tags::PATIENT_ID,
                tags::STUDY_DESCRIPTION,
                tags::STUDY_INSTANCE_UID,
            ] {
                let asked = query(Level::Study, &[(tag, text)]);
                if text.trim_matches('\0').is_empty() {
                    index.query(&asked).await.unwrap();
                } else {
                    assert_eq!(index.count(&asked).await.unwrap(), 0, "{text:?}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn items_and_further_attributes_are_put_into_rows_that_ask_for_them() {
    on_both(async |index: Index| {
        let mut facts: Vec<_> = generator::generate(5, 60).collect();
        for facts in &mut facts {
            let number = facts.value(tags::STUDY_ID).to_owned();
            let json = format!(
                "{{\"00281050\":{{\"vr\":\"DS\",\"Value\":[{number}]}},\"00100010\":{{\"vr\":\"PN\"}}}}"
            );
            facts.metadata = crate::index::metadata::deflated(&json);
        }
        index.add_all(facts).await.unwrap();
        let asked = Query {
            include: vec![
                tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
                tags::WINDOW_CENTER,
            ],
            ..Query::all(Level::Series)
        };
        for row in index.query(&asked).await.unwrap() {
            let items = row.items.get(&tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE);
            assert_eq!(items.is_some(), row.value(tags::MODALITY) == "PT");
            let nuclide = [tags::RADIONUCLIDE_CODE_SEQUENCE, tags::CODE_VALUE];
            let value = items.and_then(|items| items[0].get(&nuclide[..]));
            assert_eq!(value.map(String::as_str), items.map(|_| "C-111A1"));
            assert!(!row.items.contains_key(&tags::REQUEST_ATTRIBUTES_SEQUENCE));
            assert_eq!(row.more, None);
        }
        let asked = Query {
            include: vec![tags::WINDOW_CENTER],
            ..Query::all(Level::Instance)
        };
        for row in index.query(&asked).await.unwrap() {
            let number = row.value(tags::STUDY_ID);
            let number: serde_json::Value = serde_json::from_str(number).unwrap();
            let expected = serde_json::json!({ "00281050": { "vr": "DS", "Value": [number] } });
            let more: Option<serde_json::Value> = row
                .more
                .as_deref()
                .map(|more| serde_json::from_str(more).unwrap());
            assert_eq!(more, Some(expected));
        }
    })
    .await;
}

#[tokio::test]
async fn every_column_that_is_matched_begins_an_index() {
    on_both(async |index: Index| {
        let backend = index.readers.backend();
        for attribute in attributes::ATTRIBUTES
            .iter()
            .filter(|attribute| attribute.matched)
        {
            let (table, _) = attribute.level.table();
            let (mut table, mut columns) = (table.to_owned(), attributes::key_columns(attribute));
            if columns.is_empty() {
                columns.push(attribute.column.to_owned());
            }
            match attribute.column {
                "patient_id" => (table, columns) = ("patient_ids".to_owned(), vec!["identifier".to_owned()]),
                "issuer" => table = "patient_ids".to_owned(),
                _ => {}
            }
            for column in columns {
                let mut sql = if backend == Backend::Sqlite {
                    Sql::new("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE ")
                } else {
                    Sql::new("SELECT indexname FROM pg_indexes WHERE indexdef LIKE ")
                };
                sql.bind(format!("%{table}% ({column}%"));
                let found = sql.one(&index.readers).await.unwrap();
                assert!(
                    found.is_some(),
                    "{table}.{column} {:?}",
                    attribute.kind == Kind::Text
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn many_writers_at_once_and_one_that_fails_alone() {
    on_both(async |index: Index| {
        let facts: Vec<_> = generator::generate(6, 100).collect();
        let tasks: Vec<_> = facts
            .iter()
            .cloned()
            .map(|facts| {
                let index = index.clone();
                tokio::spawn(async move { index.add(facts).await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap(), Added::New);
        }
        assert_eq!(index.count(&Query::all(Level::Instance)).await.unwrap(), 200);
    })
    .await;
}
