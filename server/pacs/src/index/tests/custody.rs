//! Whose studies are: from the first object on, through everything that makes rows anew.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{merge, on_both};
use crate::events::{EventTable, Kind};
use crate::index::{
    Added, Custody, Facts, Index, Key, Level, NewRejection, Page, Query, RejectionReason, Restriction,
    Sender, generator,
};
use crate::storage::Hash;

/// An object of a patient whose number two hospitals have given.
pub(super) fn object(study: &str, number: u32, name: &str, modality: &str) -> Facts {
    let mut facts = generator::generate(1, 1).next().unwrap();
    facts.object.hash = Hash::of(format!("{study} {number} {name}").as_bytes());
    facts.object.received_ns = i64::from(number);
    facts.other_ids.clear();
    for (tag, value) in [
        (tags::PATIENT_ID, "P1".to_owned()),
        (tags::PATIENT_NAME, name.to_owned()),
        (tags::STUDY_INSTANCE_UID, study.to_owned()),
        (tags::SERIES_INSTANCE_UID, format!("{study}.{modality}")),
        (tags::MODALITY, modality.to_owned()),
        (tags::SOP_INSTANCE_UID, format!("{study}.0.{number}")),
    ] {
        facts.values.insert(tag, value);
    }
    facts.values.remove(&tags::ISSUER_OF_PATIENT_ID);
    facts
}

pub(super) fn of(custodian: i64) -> Sender {
    Sender {
        actor: format!("gateway:{custodian}"),
        custodian: Some(custodian),
    }
}

async fn values(index: &Index, level: Level, within: Restriction, tag: Tag) -> Vec<String> {
    let rows = index.query(&Query::all(level).within(within)).await.unwrap();
    rows.iter().map(|row| row.value(tag).to_owned()).collect()
}

#[tokio::test]
async fn a_study_is_whose_its_first_object_is() {
    on_both(async |index: Index| {
        let add = async |facts, custodian| index.add_from(facts, of(custodian)).await.unwrap();
        assert_eq!(add(object("1.1", 1, "Wang^Fang", "NM"), 7).await, Added::New);
        assert_eq!(add(object("1.1", 2, "Wang^Fang", "NM"), 7).await, Added::New);
        assert_eq!(add(object("1.1", 3, "Wang^Fang", "NM"), 8).await, Added::Foreign);
        assert_eq!(add(object("1.2", 4, "Li^Na", "CT"), 8).await, Added::New);
        assert_eq!(index.custodian_of("1.1").await.unwrap(), Some(7));
        // The bytes that are there already are not told of either.
        assert_eq!(add(object("1.1", 1, "Wang^Fang", "NM"), 8).await, Added::Foreign);
        assert_eq!(
            add(object("1.1", 1, "Wang^Fang", "NM"), 7).await,
            Added::Identical
        );
        // Who is no organisation's may add to anything, and what is nobody's stays nobody's.
        let nobody = |actor: &str| Sender::from(actor.to_owned());
        let added = index
            .add_from(object("1.1", 5, "Wang^Fang", "NM"), nobody("cli"))
            .await;
        assert_eq!(added.unwrap(), Added::New);
        index
            .add_from(object("1.3", 6, "Ma^Li", "PT"), nobody("cli"))
            .await
            .unwrap();
        assert_eq!(add(object("1.3", 7, "Ma^Li", "PT"), 7).await, Added::New);
        assert_eq!(index.custodian_of("1.3").await.unwrap(), None);
        // One identifier, three patients: nobody is told of another's, nor is it a conflict.
        let names = async |within| values(&index, Level::Study, within, tags::PATIENT_NAME).await;
        assert_eq!(names(Restriction::of(vec![7])).await, ["Wang^Fang"]);
        assert_eq!(names(Restriction::of(vec![8])).await, ["Li^Na"]);
        assert_eq!(names(Restriction::NONE).await.len(), 3);
        let patients = values(
            &index,
            Level::Patient,
            Restriction::of(vec![8]),
            tags::PATIENT_NAME,
        )
        .await;
        assert_eq!(patients, ["Li^Na"]);
        assert!(
            index
                .conflicts(false, &Restriction::NONE, Page::FIRST)
                .await
                .unwrap()
                .is_empty()
        );
        let events = EventTable::after(&index, 0, 100).await.unwrap();
        let told: Vec<_> = events.iter().map(|(_, event)| event.organisation).collect();
        assert_eq!(told, [Some(7), Some(7), Some(8), Some(7), None, None]);
    })
    .await;
}

#[tokio::test]
async fn custody_outlives_the_rows_and_can_be_given_on() {
    on_both(async |index: Index| {
        let all = [
            object("1.1", 1, "Wang^Fang", "NM"),
            object("1.1", 2, "Wang^Fang", "NM"),
            object("1.2", 3, "Wang^Fang", "CT"),
        ];
        for facts in &all {
            index.add_from(facts.clone(), of(7)).await.unwrap();
        }
        let before = index.dump().await.unwrap();
        index.clear().await.unwrap();
        for facts in all.iter().rev() {
            index.add(facts.clone()).await.unwrap();
        }
        assert_eq!(index.dump().await.unwrap(), before, "a rebuild keeps custody");
        index.set_custodian("1.1", Some(8), "cli", 9).await.unwrap();
        index.set_custodian("1.1", Some(8), "cli", 9).await.unwrap();
        let given = index.dump().await.unwrap();
        index.clear().await.unwrap();
        index.add_all(all.to_vec()).await.unwrap();
        assert_eq!(
            index.dump().await.unwrap(),
            given,
            "given on as if it had been sent so"
        );
        let studies = async |within| values(&index, Level::Study, within, tags::STUDY_INSTANCE_UID).await;
        assert_eq!(studies(Restriction::of(vec![7])).await, ["1.2"]);
        assert_eq!(studies(Restriction::of(vec![8])).await, ["1.1"]);
        index.set_custodian("1.1", None, "cli", 10).await.unwrap();
        assert!(studies(Restriction::of(vec![8])).await.is_empty());
        let events = EventTable::after(&index, 0, 100).await.unwrap();
        let set = events
            .iter()
            .filter(|(_, event)| event.kind == Kind::CustodianSet);
        let told: Vec<_> = set.map(|(_, event)| (event.organisation, event.at_ns)).collect();
        assert_eq!(told, [(Some(8), 9), (None, 10)]);
        let report = journal::verify::verify(index.readers(), &[]).await.unwrap();
        assert_eq!(report.findings, []);
    })
    .await;
}

#[tokio::test]
async fn many_first_objects_at_once_have_one_custodian() {
    on_both(async |index: Index| {
        let sending = (1..=40_u32).map(|number| {
            let index = index.clone();
            let facts = object("1.1", number, "Wang^Fang", "NM");
            tokio::spawn(async move { index.add_from(facts, of(i64::from(number % 2))).await.unwrap() })
        });
        let mut added = Vec::new();
        for one in sending.collect::<Vec<_>>() {
            added.push(one.await.unwrap());
        }
        let count = |wanted| added.iter().filter(|one| **one == wanted).count();
        assert_eq!((count(Added::New), count(Added::Foreign)), (20, 20));
        let shown = index.count(&Query::all(Level::Instance)).await.unwrap();
        assert_eq!(shown, 20);
    })
    .await;
}

#[tokio::test]
async fn what_people_decide_stays_within_their_custody() {
    on_both(async |index: Index| {
        index
            .add_from(object("1.1", 1, "Wang^Fang", "NM"), of(7))
            .await
            .unwrap();
        index
            .add_from(object("1.2", 2, "Li^Na", "PT"), of(8))
            .await
            .unwrap();
        let (seven, eight) = (Restriction::of(vec![7]), Restriction::of(vec![8]));
        // The other's instance is named beside one's own: only one's own is rejected.
        let rejection = NewRejection {
            study_uid: "1.1".to_owned(),
            series_uid: None,
            sop_uids: vec!["1.1.0.1".to_owned(), "1.2.0.2".to_owned()],
            reason: RejectionReason::Quality,
            comment: String::new(),
            note_uid: None,
            actor: "person:1".to_owned(),
            at_ns: 3,
        };
        let id = index.reject(&rejection).await.unwrap();
        assert_eq!(index.count(&Query::all(Level::Study)).await.unwrap(), 1);
        let listed = index.rejections(None, &seven, Page::FIRST).await.unwrap();
        assert_eq!((listed.len(), listed[0].instances), (1, 1));
        assert!(
            index
                .rejections(None, &eight, Page::FIRST)
                .await
                .unwrap()
                .is_empty()
        );
        assert!(index.is_row_within(&seven, "rejections", id).await.unwrap());
        assert!(!index.is_row_within(&eight, "rejections", id).await.unwrap());
        assert!(
            index.is_within(&seven, "1.1").await.unwrap(),
            "a study of which nothing shows"
        );
        assert!(!index.is_within(&eight, "1.1").await.unwrap());
        assert!(!index.is_within(&eight, "9.9").await.unwrap());
        let nm = |custody| Restriction {
            custody,
            modalities: Some(vec!["NM".to_owned()]),
            publication: None,
        };
        assert!(index.is_within(&nm(Custody::All), "1.1").await.unwrap());
        assert!(!index.is_within(&nm(Custody::All), "1.2").await.unwrap());
        assert!(!index.is_within(&nm(Custody::Of(vec![8])), "1.1").await.unwrap());
        // Patients are merged within one custody, and such a merge is not another's.
        index.undo_rejection(id, "person:1", 4).await.unwrap();
        let mut other = object("1.4", 4, "Wang^Fang", "NM");
        other.values.insert(tags::PATIENT_ID, "P2".to_owned());
        index.add_from(other.clone(), of(7)).await.unwrap();
        let patients = [
            other.identifiers().remove(0),
            object("1.1", 1, "", "NM").identifiers().remove(0),
        ];
        let nobodys = merge(&patients[0], &patients[1], 5);
        assert!(index.merge(&nobodys).await.is_err(), "nobody has such patients");
        let sevens = crate::index::NewMerge {
            custodian: Some(7),
            ..nobodys
        };
        let merged = index.merge(&sevens).await.unwrap();
        assert_eq!(index.merges(&seven, Page::FIRST).await.unwrap().len(), 1);
        assert!(index.merges(&eight, Page::FIRST).await.unwrap().is_empty());
        assert!(index.unmerge(merged, &eight, "person:2", 6).await.is_err());
        let of_p2 = Query {
            keys: vec![Key::from_text(tags::PATIENT_ID, "P2")],
            ..Query::all(Level::Study)
        };
        assert_eq!(
            index.count(&of_p2.clone().within(seven.clone())).await.unwrap(),
            2
        );
        assert_eq!(index.count(&of_p2.within(eight)).await.unwrap(), 0);
        index.unmerge(merged, &seven, "person:1", 7).await.unwrap();
    })
    .await;
}
