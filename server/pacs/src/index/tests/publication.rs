//! Published studies: those of a decision, else those of the rule, whatever is asked for and however.

use std::collections::BTreeSet;

use dicom_dictionary_std::tags;

use super::custody::{object, of};
use super::on_both;
use crate::index::publication::{decide, decided};
use crate::index::{Index, Key, Level, Publication, Published, Query, Restriction};

/// Studies: the UID, when its objects came, what was decided.
const STUDIES: &[(&str, &[u32], Option<Published>)] = &[
    ("1.1", &[10, 500], None),
    ("1.2", &[20], Some(Published::Never)),
    ("1.3", &[30], Some(Published::From(100))),
    ("1.4", &[200], None),
    ("1.5", &[210], Some(Published::From(5))),
    ("1.6", &[220], Some(Published::Never)),
    ("1.7", &[300], None),
];

/// The plain definition: a decision, else the rule after the first object.
fn is_published((_, came, decision): &(&str, &[u32], Option<Published>), asked: Publication) -> bool {
    let first_ns = i64::from(*came.iter().min().unwrap());
    match (decision, asked.after_ns) {
        (Some(Published::From(from_ns)), _) => *from_ns <= asked.at_ns,
        (Some(Published::Never), _) | (None, None) => false,
        (None, Some(0)) => true,
        (None, Some(after_ns)) => first_ns.saturating_add(after_ns) <= asked.at_ns,
    }
}

async fn filled(index: &Index) {
    for (study, came, decision) in STUDIES {
        for number in *came {
            let facts = object(study, *number, "Wang^Fang", "NM");
            index.add_from(facts, of(7)).await.unwrap();
        }
        let change = index.begin().await.unwrap();
        decide(&*change, study, Some(Published::From(1))).await.unwrap();
        decide(&*change, study, *decision).await.unwrap();
        change.commit().await.unwrap();
    }
}

async fn check(index: &Index, asked: Publication) {
    let within = Restriction {
        publication: Some(asked),
        ..Restriction::of(vec![7, 8])
    };
    let expected: BTreeSet<&str> = STUDIES
        .iter()
        .filter(|study| is_published(study, asked) == asked.is_published)
        .map(|(study, ..)| *study)
        .collect();
    let modality = Key::from_text(tags::MODALITIES_IN_STUDY, "NM");
    for level in [Level::Study, Level::Series, Level::Instance] {
        for keys in [Vec::new(), vec![modality.clone()]] {
            let query = Query {
                keys,
                ..Query::all(level).within(within.clone())
            };
            let rows = index.query(&query).await.unwrap();
            let found: BTreeSet<&str> = rows
                .iter()
                .map(|row| row.value(tags::STUDY_INSTANCE_UID))
                .collect();
            assert_eq!(found, expected, "{query:?}");
            let count = index.count(&query).await.unwrap();
            assert_eq!(count, rows.len() as u64, "{query:?}");
        }
    }
    // All are one patient's, who is there where a study is, and is not found by what another study says.
    let patients = async |keys| {
        let query = Query {
            keys,
            ..Query::all(Level::Patient).within(within.clone())
        };
        index.query(&query).await.unwrap().len()
    };
    assert_eq!(
        patients(Vec::new()).await,
        usize::from(!expected.is_empty()),
        "{asked:?}"
    );
    for (study, ..) in STUDIES {
        let is_there = expected.contains(study);
        let key = Key::from_text(tags::STUDY_INSTANCE_UID, study);
        assert_eq!(
            patients(vec![key]).await,
            usize::from(is_there),
            "{study} {asked:?}"
        );
        assert_eq!(
            index.is_within(&within, study).await.unwrap(),
            is_there,
            "{study} {asked:?}"
        );
    }
}

#[tokio::test]
async fn a_study_is_published_by_a_decision_or_by_the_rule() {
    on_both(async |index: Index| {
        filled(&index).await;
        for after_ns in [None, Some(0), Some(1), Some(90), Some(i64::MAX)] {
            // On either side of each moment at which one is published.
            for at_ns in [0, 4, 5, 99, 100, 290, 291, 389, 390, 10_000] {
                for is_published in [true, false] {
                    let asked = Publication {
                        at_ns,
                        after_ns,
                        is_published,
                    };
                    check(&index, asked).await;
                }
            }
        }
        let all = STUDIES.iter().map(|(study, ..)| *study).chain(["9.9"]);
        let kept = decided(index.readers(), all).await.unwrap();
        let expected = STUDIES
            .iter()
            .filter_map(|(study, _, decision)| Some(((*study).to_owned(), (*decision)?)));
        assert_eq!(kept, expected.collect());
    })
    .await;
}
