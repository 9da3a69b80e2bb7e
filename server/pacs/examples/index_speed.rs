//! Measures study queries on an index of synthetic rows: `cargo run -p pacs --example index_speed -- 100000 FILE`.
//!
//! The index stays in the file, and is filled only where it is empty.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on must fail")]

use std::time::{Duration, Instant};

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use pacs::index::{Index, Key, Level, Place, Query, generator};

#[tokio::main]
async fn main() {
    let studies: u64 = std::env::args()
        .nth(1)
        .map_or(100_000, |count| count.parse().unwrap());
    let file = std::env::args().nth(2).expect("a file for the index");
    let index = Index::open(&Place::Sqlite(file.into())).await.unwrap();
    if index.count(&Query::all(Level::Study)).await.unwrap() == 0 {
        fill(&index, studies).await;
    }
    type Text = fn(u64) -> String;
    let cases: [(&str, Tag, Text); 8] = [
        ("patient id", tags::PATIENT_ID, |n| {
            format!("P{:07}", n * 131 % 30_000)
        }),
        ("accession number", tags::ACCESSION_NUMBER, |n| {
            format!("A{:08}", n * 977 % 90_000)
        }),
        ("study uid", tags::STUDY_INSTANCE_UID, |n| {
            format!("2.25.7.{}", n * 977 % 90_000)
        }),
        ("name, surname", tags::PATIENT_NAME, |n| {
            ["王*", "司徒*", "Zhang*", "欧阳*"][n as usize % 4].to_owned()
        }),
        ("name, whole", tags::PATIENT_NAME, |n| {
            ["王^伟", "li^fang*", "张^秀英", "ouyang^wei*"][n as usize % 4].to_owned()
        }),
        ("name, within", tags::PATIENT_NAME, |n| {
            ["*秀英", "*桂国*", "*xue"][n as usize % 3].to_owned()
        }),
        ("a week", tags::STUDY_DATE, |n| {
            format!("2015{:02}01-2015{:02}07", n % 12 + 1, n % 12 + 1)
        }),
        ("modality, first page", tags::MODALITIES_IN_STUDY, |_| {
            "PT".to_owned()
        }),
    ];
    for (name, tag, text) in cases {
        let (mut times, mut rows) = (Vec::new(), 0);
        for number in 0..200 {
            let query = Query {
                keys: vec![Key::from_text(tag, &text(number))],
                limit: Some(50),
                ..Query::all(Level::Study)
            };
            let begun = Instant::now();
            rows += index.query(&query).await.unwrap().len();
            times.push(begun.elapsed());
        }
        report(name, times, rows);
    }
}

async fn fill(index: &Index, studies: u64) {
    let begun = Instant::now();
    let mut facts = generator::generate(7, studies);
    loop {
        let batch: Vec<_> = facts.by_ref().take(2000).collect();
        if batch.is_empty() {
            break;
        }
        index.add_all(batch.clone()).await.unwrap();
    }
    println!(
        "{studies} studies, {} instances added in {:.1?}",
        studies * 2,
        begun.elapsed()
    );
}

fn report(name: &str, mut times: Vec<Duration>, rows: usize) {
    times.sort();
    let at = |part: usize| times[times.len() * part / 100];
    println!(
        "{name:22} p50 {:8.2?} p95 {:8.2?}, {} rows on average",
        at(50),
        at(95),
        rows / times.len()
    );
}
