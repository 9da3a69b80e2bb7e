//! Queries on both databases against the plain definition in memory.

use std::collections::BTreeMap;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::index::memory::MemoryIndex;
use crate::index::tests::{merge, postgres, sqlite};
use crate::index::{
    Code, Facts, Identifier, Index, Key, Level, Match, Page, Query, Request, Restriction, Tracer,
};
use crate::storage::{Hash, ObjectInfo};
use crate::test_folder::TestFolder;

/// Few values, so that they meet; signs that mean something to one database or another.
const TEXTS: &[&str] = &[
    "CT", "PT", "ct", "a_b", "a%b", "a\\b", "[x]", "x^y", "头部", "é", "10%",
];
const NAMES: &[&str] = &[
    "Zhang^San=张^三",
    "ZHANG^SAN^^",
    "Zhang^Si=张^四=ちょう",
    "=李^四",
    "Müller^Åsa",
    "li^si",
    "王",
];
const DATES: &[&str] = &["20200101", "20200102", "2020.01.03", "2019", "19991231"];
const TIMES: &[&str] = &[
    "10",
    "1030",
    "103000",
    "103000.5",
    "10:30:01",
    "noon",
    "235959.999999",
];
const PATTERNS: &[&str] = &[
    "*", "?", "C?", "*b", "a?b", "a*", "[*", "张*", "*三*", "zhang*", "z*^s*", "*^四*", "", "é", "?é",
];

const WORDS: &[&str] = &[
    "zhang",
    "zs",
    "san zhang",
    "張",
    "张三",
    "三",
    "li",
    "*i",
    "muller",
    "asa m",
    "チョウ",
    "wang",
    "x",
];
const CODES: &[&str] = &["DECY", "DECY\\ATTN", "ATTN\\DECY\\SCAT", "ATT", "a%b\\[x]"];
const NUMBERS: &[&str] = &["1e6", "370000000", "3.7e8", "7.4E8", "much", "1e-3"];

fn tracers(name: Option<String>, nuclide: Option<String>, activity_bq: Option<f64>) -> Vec<Tracer> {
    let code = Code {
        meaning: nuclide,
        ..Code::default()
    };
    name.map(|name| Tracer {
        radiopharmaceutical: Some(name),
        radionuclide: code,
        activity_bq,
        ..Tracer::default()
    })
    .into_iter()
    .collect()
}

fn choice(from: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(from).prop_map(str::to_owned)
}

fn maybe(from: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    proptest::option::weighted(0.8, choice(from))
}

fn uid(prefix: &'static str, count: u8) -> impl Strategy<Value = String> {
    (0..count).prop_map(move |number| format!("{prefix}.{number}"))
}

prop_compose! {
    fn facts()(
        study in uid("1", 4), series in uid("2", 4), instance in uid("3", 9),
        name in maybe(NAMES), id in maybe(&["A", "B", "C", "a"]), issuer in maybe(&["X", "Y"]),
        date in maybe(DATES), time in maybe(TIMES), modality in maybe(TEXTS), description in maybe(TEXTS),
        number in maybe(&["1", "01", "+2", "x"]), content in maybe(DATES),
        other in proptest::option::of((choice(&["A", "B", "D"]), choice(&["X", ""]))),
        step in maybe(TEXTS), procedure in maybe(TEXTS), tracer in maybe(TEXTS), nuclide in maybe(TEXTS),
        corrected in maybe(CODES), activity_bq in proptest::option::of(proptest::sample::select(&[1e6, 370e6, 740e6][..])),
        received_ns in 1_i64..1_000_000,
    ) -> Facts {
        let mut values = BTreeMap::new();
        let some = [
            (tags::STUDY_INSTANCE_UID, Some(study)),
            (tags::SERIES_INSTANCE_UID, Some(series)),
            (tags::SOP_INSTANCE_UID, Some(instance)),
            (tags::SOP_CLASS_UID, Some("1.2".to_owned())),
            (tags::PATIENT_NAME, name),
            (tags::PATIENT_ID, id),
            (tags::ISSUER_OF_PATIENT_ID, issuer),
            (tags::STUDY_DATE, date.map(|date| crate::index::matching::date(&date))),
            (tags::STUDY_TIME, time),
            (tags::MODALITY, modality),
            (tags::STUDY_DESCRIPTION, description),
            (tags::SERIES_NUMBER, number.clone().map(|n| crate::index::matching::integer(&n))),
            (tags::INSTANCE_NUMBER, number.map(|n| crate::index::matching::integer(&n))),
            (tags::CONTENT_DATE, content),
            (tags::CORRECTED_IMAGE, corrected),
        ];
        values.extend(some.into_iter().filter_map(|(tag, value)| Some((tag, value?))));
        Facts {
            custodian: None,
object: ObjectInfo { received_ns, hash: Hash::of(b""), size: 1 },
            transfer_syntax_uid: "1.2.840.10008.1.2.1".to_owned(),
            values,
            other_ids: other.map(|(id, issuer)| Identifier { id, issuer }).into_iter().collect(),
            tracers: tracers(tracer, nuclide, activity_bq),
            requests: vec![Request { step_id: step, procedure_id: procedure }],
            metadata: Vec::new(),
        }
    }
}

fn text_match() -> impl Strategy<Value = Match> {
    prop_oneof![
        Just(Match::Universal),
        choice(TEXTS).prop_map(Match::Single),
        choice(PATTERNS).prop_map(Match::Wildcard),
        proptest::collection::vec(
            prop_oneof![
                choice(TEXTS).prop_map(Match::Single),
                choice(PATTERNS).prop_map(Match::Wildcard)
            ],
            0..3
        )
        .prop_map(Match::AnyOf),
    ]
}

fn end(from: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    maybe(from)
}

fn key() -> impl Strategy<Value = Key> {
    let text = |tag: Tag| text_match().prop_map(move |matching| Key { tag, matching });
    let range = |tag: Tag, from: &'static [&'static str]| {
        prop_oneof![
            (end(from), end(from)).prop_map(|(from, to)| Match::Range { from, to }),
            choice(from).prop_map(Match::Single),
        ]
        .prop_map(move |matching| Key { tag, matching })
    };
    let uids = |tag: Tag, prefix: &'static str| {
        prop_oneof![
            uid(prefix, 5).prop_map(Match::Single),
            proptest::collection::vec(uid(prefix, 9), 0..4).prop_map(Match::UidList),
        ]
        .prop_map(move |matching| Key { tag, matching })
    };
    let number = |tag: Tag| {
        choice(&["1", "001", "2", "x"]).prop_map(move |text| Key {
            tag,
            matching: Match::Single(text),
        })
    };
    let names = prop_oneof![
        choice(NAMES).prop_map(Match::Single),
        choice(PATTERNS).prop_map(Match::Wildcard),
        choice(&["z*=张*", "=李*", "*=*=ち*", "LI^SI", "="]).prop_map(Match::Wildcard),
        choice(WORDS).prop_map(Match::Fuzzy),
        proptest::collection::vec(
            prop_oneof![
                choice(WORDS).prop_map(Match::Fuzzy),
                choice(PATTERNS).prop_map(Match::Wildcard)
            ],
            0..3
        )
        .prop_map(Match::AnyOf),
    ];
    let id = |tag: Tag| {
        prop_oneof![
            choice(&["A", "B", "D", "X", "Y"]).prop_map(Match::Single),
            choice(PATTERNS).prop_map(Match::Wildcard)
        ]
        .prop_map(move |matching| Key { tag, matching })
    };
    let items = |tag: Tag, inner: BoxedStrategy<Key>| {
        proptest::collection::vec(inner, 0..3).prop_map(move |keys| Key {
            tag,
            matching: Match::Sequence(keys),
        })
    };
    let codes = prop_oneof![
        choice(&["ATTN", "DECY", "a%b", "["]).prop_map(Match::Single),
        choice(&["AT*", "*N", "?ECY", "[x*"]).prop_map(Match::Wildcard),
    ];
    let request = prop_oneof![
        text(tags::SCHEDULED_PROCEDURE_STEP_ID),
        text(tags::REQUESTED_PROCEDURE_ID)
    ]
    .boxed();
    prop_oneof![
        names.prop_map(|matching| Key {
            tag: tags::PATIENT_NAME,
            matching
        }),
        id(tags::PATIENT_ID),
        id(tags::ISSUER_OF_PATIENT_ID),
        range(tags::STUDY_DATE, DATES),
        range(tags::STUDY_TIME, TIMES),
        range(tags::CONTENT_DATE, DATES),
        text(tags::STUDY_DESCRIPTION),
        text(tags::MODALITY),
        text(tags::MODALITIES_IN_STUDY),
        uids(tags::STUDY_INSTANCE_UID, "1"),
        uids(tags::SERIES_INSTANCE_UID, "2"),
        uids(tags::SOP_INSTANCE_UID, "3"),
        number(tags::SERIES_NUMBER),
        number(tags::INSTANCE_NUMBER),
        codes.prop_map(|matching| Key {
            tag: tags::CORRECTED_IMAGE,
            matching
        }),
        items(tags::REQUEST_ATTRIBUTES_SEQUENCE, request),
        items(
            tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
            prop_oneof![
                text(tags::RADIOPHARMACEUTICAL),
                range(tags::RADIONUCLIDE_TOTAL_DOSE, NUMBERS),
                items(tags::RADIONUCLIDE_CODE_SEQUENCE, text(tags::CODE_MEANING).boxed())
            ]
            .boxed()
        ),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    (
        proptest::sample::select(&Level::ALL[..]),
        proptest::collection::vec(key(), 0..4),
    )
        .prop_map(|(level, keys)| Query {
            keys,
            ..Query::all(level)
        })
}

async fn agree(index: &Index, mut facts: Vec<Facts>, merges: &[(usize, usize)], queries: &[Query]) {
    index.clear().await.unwrap();
    for merge in index
        .merges(&Restriction::NONE, Page::FIRST)
        .await
        .unwrap()
        .iter()
        .filter(|merge| merge.undone.is_none())
    {
        index
            .unmerge(merge.id, &Restriction::NONE, "web:clerk", 2)
            .await
            .unwrap();
    }
    let mut memory = MemoryIndex::default();
    for (number, facts) in facts.iter_mut().enumerate() {
        facts.object.hash = Hash::of(&number.to_le_bytes());
        assert_eq!(index.add(facts.clone()).await.unwrap(), memory.add(facts.clone()));
    }
    for (from, into) in merges {
        let identifier = |at: usize| facts[at % facts.len()].identifiers().pop();
        if let (Some(from), Some(into)) = (identifier(*from), identifier(*into))
            && index.merge(&merge(&from, &into, 1)).await.is_ok()
        {
            memory.merge(&from, &into);
        }
    }
    for query in queries {
        let rows = index.query(query).await.unwrap();
        let identity = |row: &crate::index::Row| match query.level {
            Level::Patient if row.value(tags::PATIENT_ID).is_empty() => "study".to_owned(),
            Level::Patient => {
                let (id, issuer) = (row.value(tags::PATIENT_ID), row.value(tags::ISSUER_OF_PATIENT_ID));
                format!("id {id}\u{1}{issuer}")
            }
            Level::Study => row.value(tags::STUDY_INSTANCE_UID).to_owned(),
            Level::Series => {
                format!(
                    "{} {}",
                    row.value(tags::STUDY_INSTANCE_UID),
                    row.value(tags::SERIES_INSTANCE_UID)
                )
            }
            Level::Instance => row.value(tags::SOP_INSTANCE_UID).to_owned(),
        };
        let mut found: Vec<String> = rows.iter().map(identity).collect();
        let anonymous = |key: String| {
            if key.starts_with("study ") {
                "study".to_owned()
            } else {
                key
            }
        };
        let mut expected: Vec<String> = memory.query(query).unwrap().into_iter().map(anonymous).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{query:?} in {facts:#?}");
        assert_eq!(index.count(query).await.unwrap(), found.len() as u64);
    }
}

fn check_against_memory(index: impl Future<Output = Index>, cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let index = runtime.block_on(index);
    let strategy = (
        proptest::collection::vec(facts(), 1..14),
        proptest::collection::vec((0_usize..14, 0_usize..14), 0..3),
        proptest::collection::vec(query(), 30),
    );
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    });
    let outcome = runner.run(&strategy, |(facts, merges, queries)| {
        runtime.block_on(agree(&index, facts, &merges, &queries));
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn sqlite_matches_as_defined() {
    let folder = TestFolder::new("matching");
    check_against_memory(sqlite(folder.path()), 60);
}

#[test]
fn postgres_matches_as_defined() {
    if let Some(place) = postgres::database() {
        check_against_memory(async move { Index::open(&place).await.unwrap() }, 25);
    }
}
