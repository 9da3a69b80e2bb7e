//! What people decide, and that rows stay a function of objects and decisions.

use std::collections::BTreeMap;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{merge, on_both};
use crate::corrections::Refusal;
use crate::corrections::attributes::CORRECTABLE;
use crate::events::EventTable;
use crate::index::{
    Error, Facts, Identifier, Index, Key, Level, NewCorrection, NewRejection, Page, Query, RejectionReason,
    Restriction, Scope, attributes, generator,
};

fn correction(scope: Scope, changes: &[(Tag, &str)]) -> NewCorrection {
    NewCorrection {
        custodian: None,
        scope,
        changes: changes
            .iter()
            .map(|(tag, value)| (*tag, (*value).to_owned()))
            .collect(),
        actor: "web:clerk".to_owned(),
        at_ns: 7,
        reason: "misspelt".to_owned(),
    }
}

fn rejection(study_uid: &str, reason: RejectionReason) -> NewRejection {
    NewRejection {
        study_uid: study_uid.to_owned(),
        series_uid: None,
        sop_uids: Vec::new(),
        reason,
        comment: String::new(),
        note_uid: None,
        actor: "web:clerk".to_owned(),
        at_ns: 8,
    }
}

fn identifier(facts: &Facts) -> Identifier {
    Identifier {
        id: facts.value(tags::PATIENT_ID).to_owned(),
        issuer: facts.value(tags::ISSUER_OF_PATIENT_ID).to_owned(),
    }
}

async fn found(index: &Index, level: Level, tag: Tag, text: &str) -> u64 {
    let keys = vec![Key::from_text(tag, text)];
    index
        .count(&Query {
            keys,
            ..Query::all(level)
        })
        .await
        .unwrap()
}

#[test]
fn corrections_change_no_row_of_an_instance() {
    for row in CORRECTABLE {
        let column = attributes::attribute(row.tag);
        assert!(
            column.is_none_or(|column| column.level < Level::Instance && column.level == row.level),
            "{}",
            row.tag
        );
    }
}

#[tokio::test]
async fn the_new_value_finds_and_the_old_one_does_not() {
    on_both(async |index: Index| {
        let facts: Vec<_> = generator::generate(11, 30).collect();
        index.add_all(facts.clone()).await.unwrap();
        let before = index.dump().await.unwrap();
        let old = identifier(&facts[0]);
        let name = facts[0].value(tags::PATIENT_NAME).to_owned();
        let studies = found(&index, Level::Study, tags::PATIENT_ID, &old.id).await;
        let same_name = found(&index, Level::Study, tags::PATIENT_NAME, &name).await;
        let changes = [(tags::PATIENT_NAME, "Neu^Name=新^名"), (tags::PATIENT_ID, "NEW1")];
        let first = index
            .correct(&correction(Scope::Patient(old.clone()), &changes))
            .await
            .unwrap();
        assert_eq!(
            found(&index, Level::Study, tags::PATIENT_ID, "NEW1").await,
            studies
        );
        assert_eq!(
            found(&index, Level::Study, tags::PATIENT_NAME, "新*").await,
            studies
        );
        assert_eq!(found(&index, Level::Study, tags::PATIENT_ID, &old.id).await, 0);
        assert_eq!(
            found(&index, Level::Study, tags::PATIENT_NAME, &name).await,
            same_name - studies
        );
        // What comes later under the old identifier shows the new one too.
        let mut late = generator::generate(12, 1).next().unwrap();
        late.values.insert(tags::PATIENT_ID, old.id.clone());
        late.values.insert(tags::ISSUER_OF_PATIENT_ID, old.issuer.clone());
        late.object.received_ns = 1_000_000;
        let late_hash = late.object.hash.to_string();
        index.add(late).await.unwrap();
        assert_eq!(
            found(&index, Level::Study, tags::PATIENT_ID, "NEW1").await,
            studies + 1
        );
        // The next correction is of the patient as it shows now.
        let now = Identifier {
            id: "NEW1".to_owned(),
            issuer: old.issuer.clone(),
        };
        let second = index
            .correct(&correction(Scope::Patient(now), &[(tags::PATIENT_SEX, "O")]))
            .await
            .unwrap();
        assert_eq!(
            found(&index, Level::Study, tags::PATIENT_SEX, "O").await,
            studies + 1
        );
        let listed = index
            .corrections(None, &Restriction::NONE, Page::FIRST)
            .await
            .unwrap();
        assert_eq!(listed[0].before[&tags::PATIENT_ID], old.id);
        assert_eq!(listed[0].before[&tags::PATIENT_NAME], name);
        // Without the first, the second is of nobody.
        index
            .undo_correction(first, &Restriction::NONE, "web:clerk", 9)
            .await
            .unwrap();
        assert_eq!(found(&index, Level::Study, tags::PATIENT_SEX, "O").await, 0);
        index
            .undo_correction(second, &Restriction::NONE, "web:clerk", 9)
            .await
            .unwrap();
        assert!(matches!(
            index
                .undo_correction(second, &Restriction::NONE, "web:clerk", 9)
                .await,
            Err(Error::Correction(Refusal::NotInForce))
        ));
        let late = "2.25.12.0";
        let after: Vec<_> = index
            .dump()
            .await
            .unwrap()
            .into_iter()
            .filter(|line| !line.contains(late) && !line.contains(&late_hash))
            .collect();
        assert_eq!(after, before);
        // No value in the log.
        let events = EventTable::after(&index, 0, 100).await.unwrap();
        assert_eq!(events.len(), 4);
        let told = format!("{events:?}");
        assert!(
            !told.contains("NEW1") && !told.contains(&old.id) && told.contains("00100020"),
            "{told}"
        );
    })
    .await;
}

#[tokio::test]
async fn what_may_not_be_corrected_is_refused() {
    on_both(async |index: Index| {
        let facts: Vec<_> = generator::generate(13, 12).collect();
        index.add_all(facts.clone()).await.unwrap();
        let before = index.dump().await.unwrap();
        let patient = identifier(&facts[0]);
        let other = facts
            .iter()
            .map(identifier)
            .find(|other| *other != patient)
            .unwrap();
        let study = Scope::Study(facts[0].value(tags::STUDY_INSTANCE_UID).to_owned());
        let of_patient = Scope::Patient(patient);
        for (made, expected) in [
            (correction(of_patient.clone(), &[]), Refusal::Nothing),
            (
                correction(Scope::Study("1.2.3".to_owned()), &[(tags::STUDY_ID, "1")]),
                Refusal::NoSuch,
            ),
            (
                correction(of_patient.clone(), &[(tags::PATIENT_ID, &other.id)]),
                Refusal::OtherPatient,
            ),
            (
                correction(study, &[(tags::PATIENT_WEIGHT, "70")]),
                Refusal::NotCorrectable(tags::PATIENT_WEIGHT),
            ),
            (
                NewCorrection {
                    reason: " ".to_owned(),
                    ..correction(of_patient, &[(tags::PATIENT_SEX, "F")])
                },
                Refusal::NoReason {
                    limit: 1000,
                    found: 1,
                },
            ),
        ] {
            match index.correct(&made).await {
                Err(Error::Correction(refusal)) => assert_eq!(refusal, expected),
                outcome => panic!("{outcome:?}, expected {expected}"),
            }
        }
        assert_eq!(index.dump().await.unwrap(), before);
    })
    .await;
}

#[tokio::test]
async fn an_identifier_that_a_merge_rests_on_stays() {
    on_both(async |index: Index| {
        let facts: Vec<_> = generator::generate(17, 12).collect();
        index.add_all(facts.clone()).await.unwrap();
        let from = identifier(&facts[0]);
        let into = facts.iter().map(identifier).find(|other| *other != from).unwrap();
        let given = index
            .correct(&correction(
                Scope::Patient(into.clone()),
                &[(tags::PATIENT_ID, "NEW1")],
            ))
            .await
            .unwrap();
        let into = Identifier {
            id: "NEW1".to_owned(),
            ..into
        };
        let merged_by = index.merge(&merge(&from, &into, 1)).await.unwrap();
        let merged = index.dump().await.unwrap();
        let refused = |outcome| matches!(outcome, Err(Error::Correction(Refusal::Merged)));
        for patient in [&from, &into] {
            let other = correction(Scope::Patient(patient.clone()), &[(tags::PATIENT_ID, "NEW2")]);
            assert!(refused(index.correct(&other).await.map(drop)));
        }
        assert!(refused(
            index
                .undo_correction(given, &Restriction::NONE, "web:clerk", 2)
                .await
        ));
        assert_eq!(index.dump().await.unwrap(), merged);
        index
            .unmerge(merged_by, &Restriction::NONE, "web:clerk", 3)
            .await
            .unwrap();
        index
            .undo_correction(given, &Restriction::NONE, "web:clerk", 4)
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn rejected_instances_vanish_and_stay_so_when_sent_again() {
    on_both(async |index: Index| {
        let facts: Vec<_> = generator::generate(14, 5).collect();
        index.add_all(facts[..9].to_vec()).await.unwrap();
        let before = index.dump().await.unwrap();
        let study = facts[0].value(tags::STUDY_INSTANCE_UID).to_owned();
        let id = index
            .reject(&rejection(&study, RejectionReason::PatientSafety))
            .await
            .unwrap();
        assert_eq!(
            found(&index, Level::Study, tags::STUDY_INSTANCE_UID, &study).await,
            0
        );
        assert!(index.metadata(&study, None).await.unwrap().is_empty());
        // The same UID in other bytes, and a note that comes before what it rejects.
        let mut again = facts[0].clone();
        again.object.hash = crate::storage::Hash::of(b"again");
        again.object.received_ns = 1_000_000;
        index.add(again.clone()).await.unwrap();
        let early = NewRejection {
            sop_uids: vec![facts[9].value(tags::SOP_INSTANCE_UID).to_owned()],
            ..rejection(facts[9].value(tags::STUDY_INSTANCE_UID), RejectionReason::Quality)
        };
        let early = index.reject(&early).await.unwrap();
        index.add(facts[9].clone()).await.unwrap();
        assert_eq!(index.count(&Query::all(Level::Instance)).await.unwrap(), 7);
        let live = index.dump().await.unwrap();
        index.clear().await.unwrap();
        index
            .add_all(facts.iter().rev().cloned().chain([again]).collect())
            .await
            .unwrap();
        assert_eq!(index.dump().await.unwrap(), live);
        for id in [id, early] {
            index.undo_rejection(id, "web:clerk", 9).await.unwrap();
        }
        assert_eq!(index.count(&Query::all(Level::Instance)).await.unwrap(), 10);
        assert!(index.undo_rejection(id, "web:clerk", 9).await.is_err());
        let listed = index
            .rejections(Some(&study), &Restriction::NONE, Page::FIRST)
            .await
            .unwrap();
        assert_eq!((listed[0].instances, listed[0].undone.is_some()), (2, true));
        assert!(before.iter().filter(|line| line.starts_with("patients ")).count() > 0);
    })
    .await;
}

/// Any decisions in any order: making the index anew from the objects gives the same rows.
#[tokio::test]
async fn a_rebuild_equals_the_live_index_whatever_was_decided() {
    on_both(async |index: Index| {
        for seed in 0..12 {
            let all = decide(&index, seed).await;
            let live = index.dump().await.unwrap();
            index.clear().await.unwrap();
            let (odd, even): (Vec<_>, Vec<_>) = all.into_iter().enumerate().partition(|(at, _)| at % 2 == 1);
            for half in [odd, even] {
                index
                    .add_all(half.into_iter().rev().map(|(_, facts)| facts).collect())
                    .await
                    .unwrap();
            }
            let anew = index.dump().await.unwrap();
            for (live, anew) in live.iter().zip(&anew) {
                assert_eq!(live, anew, "seed {seed}");
            }
            assert_eq!(live.len(), anew.len(), "seed {seed}");
            index.clear().await.unwrap();
        }
    })
    .await;
}

/// Random arrivals and decisions; gives all objects. Decisions that are refused are part of the life of an archive.
async fn decide(index: &Index, seed: u64) -> Vec<Facts> {
    let mut random = Random(seed);
    let mut pool: Vec<Facts> = generator::generate(100 + seed, 12).collect();
    // Few patients, and some objects that share UIDs with others or contradict them.
    for facts in &mut pool {
        let patient = random.below(4);
        facts.values.insert(tags::PATIENT_ID, format!("P{patient}"));
        if random.below(6) == 0 {
            facts.values.remove(&tags::PATIENT_ID);
        }
        if random.below(4) == 0 {
            let uid = format!("2.25.9.{}", random.below(2));
            facts.values.insert(tags::SOP_INSTANCE_UID, uid);
        }
        if random.below(4) == 0 {
            facts.values.insert(tags::STUDY_INSTANCE_UID, "2.25.8".to_owned());
        }
    }
    let (mut next, mut made, mut rejected, mut merged) = (0, Vec::new(), Vec::new(), Vec::new());
    for at in 0..60_i64 {
        let one = pool[random.below(pool.len() as u64) as usize].clone();
        let patient = |number: u64| Identifier {
            id: format!("P{number}"),
            issuer: "HIS".to_owned(),
        };
        match random.below(10) {
            0..=2 if next < pool.len() => {
                index.add(pool[next].clone()).await.unwrap();
                next += 1;
            }
            3 | 4 => {
                let new_id = format!("P{}", random.below(7));
                let name = format!("N{}=名{}", random.below(5), random.below(5));
                let (scope, mut changes) = match random.below(3) {
                    0 => (
                        Scope::Patient(patient(random.below(6))),
                        vec![(tags::PATIENT_NAME, name.as_str())],
                    ),
                    1 => (
                        Scope::Study(one.value(tags::STUDY_INSTANCE_UID).to_owned()),
                        vec![(tags::ACCESSION_NUMBER, "A7"), (tags::PATIENT_NAME, &name)],
                    ),
                    _ => (
                        Scope::Series {
                            study_uid: one.value(tags::STUDY_INSTANCE_UID).to_owned(),
                            series_uid: one.value(tags::SERIES_INSTANCE_UID).to_owned(),
                        },
                        vec![(tags::BODY_PART_EXAMINED, "HEART")],
                    ),
                };
                if scope.level() < Level::Series && random.below(2) == 0 {
                    changes.push((tags::PATIENT_ID, &new_id));
                }
                made.extend(index.correct(&correction(scope, &changes)).await.ok());
            }
            5 if !made.is_empty() => {
                let id = made.swap_remove(random.below(made.len() as u64) as usize);
                match index
                    .undo_correction(id, &Restriction::NONE, "web:clerk", at)
                    .await
                {
                    Ok(()) | Err(Error::Correction(Refusal::Merged)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            6 => {
                let (from, into) = (patient(random.below(6)), patient(random.below(6)));
                merged.extend(index.merge(&merge(&from, &into, at)).await.ok());
                if merged.len() > 2 {
                    index
                        .unmerge(merged.swap_remove(0), &Restriction::NONE, "web:clerk", at)
                        .await
                        .unwrap();
                }
            }
            7 => {
                let study = one.value(tags::STUDY_INSTANCE_UID);
                rejected.extend(
                    index
                        .reject(&rejection(study, RejectionReason::Quality))
                        .await
                        .ok(),
                );
                if rejected.len() > 2 {
                    index
                        .undo_rejection(rejected.swap_remove(0), "web:clerk", at)
                        .await
                        .unwrap();
                }
            }
            8 => {
                let _ = index
                    .choose(
                        one.value(tags::SOP_INSTANCE_UID),
                        one.object.hash,
                        "web:clerk",
                        at,
                    )
                    .await;
            }
            _ => {}
        }
    }
    pool.truncate(next);
    pool
}

/// A linear congruential generator (Knuth's MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end.max(1)
    }
}

#[tokio::test]
async fn a_chosen_duplicate_is_the_visible_one_also_after_a_rebuild() {
    on_both(async |index: Index| {
        let mut facts: Vec<_> = generator::generate(15, 2).take(2).collect();
        let uid = facts[0].value(tags::SOP_INSTANCE_UID).to_owned();
        for tag in [tags::SOP_INSTANCE_UID, tags::SERIES_INSTANCE_UID] {
            let value = facts[0].value(tag).to_owned();
            facts[1].values.insert(tag, value);
        }
        index.add_all(facts.clone()).await.unwrap();
        let visible = async || {
            let rows = index.query(&Query::all(Level::Instance)).await.unwrap();
            assert_eq!(rows.len(), 1);
            rows[0].object.as_ref().unwrap().hash
        };
        assert_eq!(visible().await, facts[0].object.hash);
        index
            .choose(&uid, facts[1].object.hash, "web:clerk", 1)
            .await
            .unwrap();
        assert_eq!(visible().await, facts[1].object.hash);
        index.clear().await.unwrap();
        index.add_all(facts.clone()).await.unwrap();
        assert_eq!(visible().await, facts[1].object.hash);
        index
            .choose(&uid, facts[0].object.hash, "web:clerk", 2)
            .await
            .unwrap();
        assert_eq!(visible().await, facts[0].object.hash);
        let nothing = crate::storage::Hash::of(b"nothing");
        assert!(matches!(
            index.choose(&uid, nothing, "web:clerk", 3).await,
            Err(Error::NoSuchObject)
        ));
    })
    .await;
}

#[tokio::test]
async fn delivered_values_are_those_of_the_rows() {
    on_both(async |index: Index| {
        let facts: Vec<_> = generator::generate(16, 9).collect();
        index.add_all(facts.clone()).await.unwrap();
        let hash = facts[0].object.hash;
        assert!(index.overlays(hash).await.unwrap().is_empty());
        let from = identifier(&facts[0]);
        let into = facts.iter().map(identifier).find(|other| *other != from).unwrap();
        index
            .correct(&correction(
                Scope::Patient(from.clone()),
                &[(tags::PATIENT_NAME, "A=甲")],
            ))
            .await
            .unwrap();
        index.merge(&merge(&from, &into, 9)).await.unwrap();
        let overlays = index.overlays(hash).await.unwrap();
        assert_eq!(overlays.len(), 2);
        assert_eq!(
            overlays[0].changes,
            BTreeMap::from([(tags::PATIENT_NAME, "A=甲".to_owned())])
        );
        let last = &overlays[1];
        assert!(last.keeps_identifier && last.at_ns == 9);
        let uid = facts[0].value(tags::STUDY_INSTANCE_UID);
        let keys = vec![Key::from_text(tags::STUDY_INSTANCE_UID, uid)];
        let rows = index
            .query(&Query {
                keys,
                ..Query::all(Level::Study)
            })
            .await
            .unwrap();
        for (tag, value) in &last.changes {
            assert_eq!(rows[0].value(*tag), value);
        }
        assert_eq!(last.changes[&tags::PATIENT_ID], into.id);
        assert_eq!(last.changes.len(), 5);
        let metadata = index.metadata(uid, None).await.unwrap();
        assert!(metadata[0].json.contains(&into.id) && metadata[0].json.contains("COERCE"));
        assert_eq!(index.metadata_as_received(uid, None).await.unwrap()[0].json, "{}");
    })
    .await;
}
