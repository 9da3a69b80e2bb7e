//! Measures searches for studies in an index of synthetic rows:
//! `cargo run --release -p pacs --example index_speed -- 1000000 FILE`, or an address of PostgreSQL for FILE.
//!
//! The index stays there, and is filled only where it is empty. Of every search there are the times to a page and to a
//! count, and the processor's time of this process, which for PostgreSQL is not all of it.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on must fail")]

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use pacs::index::{Index, Key, Level, Place, Query, Restriction, filled};

/// Searches of each kind.
const TIMES: u64 = 60;

/// A kind of search: its keys, and from which row on.
struct Case {
    name: &'static str,
    keys: fn(u64) -> Vec<(Tag, String)>,
    is_fuzzy: bool,
    offset: u64,
    within: Restriction,
}

fn case(name: &'static str, keys: fn(u64) -> Vec<(Tag, String)>) -> Case {
    Case {
        name,
        keys,
        is_fuzzy: false,
        offset: 0,
        within: Restriction::NONE,
    }
}

fn of(texts: &[&str], number: u64) -> String {
    texts[number as usize % texts.len()].to_owned()
}

#[rustfmt::skip]
fn cases(studies: u64) -> Vec<Case> {
    let fuzzy = |case| Case { is_fuzzy: true, ..case };
    let from = |offset, case| Case { offset, ..case };
    // Of a thousand studies, 600 are 1's, 200 2's, 99 3's, one 4's; the rest is nobody's.
    let of_custodians = |custodians: &[i64], case| Case { within: Restriction::of(custodians.to_vec()), ..case };
    let of_modality = |word: &str, case: Case| Case {
        within: Restriction { modalities: Some(vec![word.to_owned()]), ..case.within }, ..case
    };
    vec![
        case("patient id", |n| vec![(tags::PATIENT_ID, format!("P{:07}", n * 1310 % 300_000))]),
        case("patient id, other issuer", |n| vec![(tags::PATIENT_ID, format!("44{:016}", n * 1310 % 300_000))]),
        case("patient id, beginning", |n| vec![(tags::PATIENT_ID, format!("P00{}*", n % 10))]),
        case("study uid", |n| vec![(tags::STUDY_INSTANCE_UID, format!("2.25.7.{}", n * 9770 % 900_000))]),
        case("accession number", |n| vec![(tags::ACCESSION_NUMBER, format!("A{:08}", n * 9770 % 900_000))]),
        case("accession, beginning", |n| vec![(tags::ACCESSION_NUMBER, format!("A000{}*", n % 10))]),
        case("name, surname", |n| vec![(tags::PATIENT_NAME, of(&["王*", "司徒*", "Zhang*", "欧阳*", "仇*"], n))]),
        case("name, whole", |n| vec![(tags::PATIENT_NAME, of(&["王^伟", "li^fang*", "张^秀英", "ouyang^wei*"], n))]),
        case("name, within", |n| vec![(tags::PATIENT_NAME, of(&["*秀英", "*桂国*", "*xue", "*anxue*", "*雪雪"], n))]),
        case("name, nobody's", |n| vec![(tags::PATIENT_NAME, of(&["*龘*", "*qqx*", "Smith*"], n))]),
        fuzzy(case("fuzzy, pinyin", |n| vec![(tags::PATIENT_NAME, of(&["wang xiuying", "zhangwei", "xiuying", "situ li"], n))])),
        fuzzy(case("fuzzy, initials", |n| vec![(tags::PATIENT_NAME, of(&["wxy", "zxy", "oyw", "stxx"], n))])),
        fuzzy(case("fuzzy, ideographs", |n| vec![(tags::PATIENT_NAME, of(&["秀英", "王桂", "張偉", "国"], n))])),
        fuzzy(case("fuzzy, surname", |n| vec![(tags::PATIENT_NAME, of(&["wang", "li", "shan", "qiu"], n))])),
        case("one day", |n| vec![(tags::STUDY_DATE, format!("2015{:02}{:02}", n % 12 + 1, n % 28 + 1))]),
        case("last day", |_| vec![(tags::STUDY_DATE, "20251228-".to_owned())]),
        case("a week", |n| vec![(tags::STUDY_DATE, format!("2015{0:02}01-2015{0:02}07", n % 12 + 1))]),
        case("a year", |n| vec![(tags::STUDY_DATE, format!("{0}0101-{0}1231", 2008 + n % 15))]),
        case("modality, frequent", |_| vec![(tags::MODALITIES_IN_STUDY, "PT".to_owned())]),
        case("modality, rare", |_| vec![(tags::MODALITIES_IN_STUDY, "SM".to_owned())]),
        case("modality, list", |n| vec![(tags::MODALITIES_IN_STUDY, of(&["PT\\NM", "SM\\XC"], n))]),
        case("description", |n| vec![(tags::STUDY_DESCRIPTION, of(&["Bone scan", "Slide", "*thorax"], n))]),
        case("station of a series", |n| vec![(tags::STATION_NAME, format!("STATION{}", n % 40))]),
        case("modality and week", |n| vec![
            (tags::MODALITIES_IN_STUDY, "NM".to_owned()), (tags::STUDY_DATE, format!("2015{0:02}01-2015{0:02}07", n % 12 + 1))]),
        case("name, modality, year", |n| vec![
            (tags::PATIENT_NAME, of(&["王*", "*秀英"], n)), (tags::MODALITIES_IN_STUDY, of(&["MR", "PT"], n)),
            (tags::STUDY_DATE, format!("{0}0101-{0}1231", 2008 + n % 15))]),
        case("sex, modality, station", |n| vec![
            (tags::PATIENT_SEX, "F".to_owned()), (tags::MODALITIES_IN_STUDY, "MR".to_owned()),
            (tags::STATION_NAME, format!("STATION{}", n % 40))]),
        fuzzy(case("fuzzy, rare modality", |n| vec![
            (tags::PATIENT_NAME, of(&["wang", "li"], n)), (tags::MODALITIES_IN_STUDY, "SM".to_owned())])),
        case("all, first page", |_| Vec::new()),
        from(studies / 2, case("all, middle page", |_| Vec::new())),
        from(studies - 100, case("all, last page", |_| Vec::new())),
        of_custodians(&[1], case("1's, first page", |_| Vec::new())),
        from(studies / 4, of_custodians(&[1], case("1's, middle page", |_| Vec::new()))),
        of_custodians(&[4], case("4's, first page", |_| Vec::new())),
        of_custodians(&[2, 3, 4], case("three's, first page", |_| Vec::new())),
        of_custodians(&[9], case("of none, first page", |_| Vec::new())),
        of_modality("NM", of_custodians(&[2], case("2's of NM", |_| Vec::new()))),
        of_modality("SM", case("all of SM", |_| Vec::new())),
        of_custodians(&[1], case("1's, name", |n| vec![(tags::PATIENT_NAME, of(&["王*", "司徒*", "*秀英"], n))])),
        of_custodians(&[4], case("4's, name", |n| vec![(tags::PATIENT_NAME, of(&["王*", "司徒*", "*秀英"], n))])),
        of_custodians(&[2], case("2's, modality and week", |n| vec![
            (tags::MODALITIES_IN_STUDY, "NM".to_owned()), (tags::STUDY_DATE, format!("2015{0:02}01-2015{0:02}07", n % 12 + 1))])),
        of_custodians(&[1, 2, 3], case("three's, modality", |_| vec![(tags::MODALITIES_IN_STUDY, "PT".to_owned())])),
        of_custodians(&[4], case("4's, modality", |_| vec![(tags::MODALITIES_IN_STUDY, "PT".to_owned())])),
    ]
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let studies: u64 = arguments.next().map_or(100_000, |count| count.parse().unwrap());
    let place = arguments
        .next()
        .expect("a file for the index, or an address of PostgreSQL");
    let only = arguments.next().unwrap_or_default();
    let place = if place.starts_with("postgres:") {
        Place::Postgres(place)
    } else {
        Place::Sqlite(place.into())
    };
    let index = Index::open(&place).await.unwrap();
    if index.count(&Query::all(Level::Study)).await.unwrap() == 0 {
        let begun = Instant::now();
        filled::fill(&index, 7, studies).await.unwrap();
        println!("{studies} studies written in {:.1?}", begun.elapsed());
    }
    println!(
        "{:25} {:>9} {:>9} {:>9} {:>6} | {:>9} {:>9}",
        "search", "p50 ms", "p95 ms", "CPU ms", "rows", "count ms", "found"
    );
    for case in cases(studies).iter().filter(|case| case.name.contains(&only)) {
        measure(&index, case).await;
    }
}

async fn measure(index: &Index, case: &Case) {
    let (mut times, mut counts, mut rows, mut found) = (Vec::new(), Vec::new(), 0, 0);
    let mut used = Duration::ZERO;
    for number in 0..TIMES {
        let keys = (case.keys)(number)
            .into_iter()
            .map(|(tag, text)| match case.is_fuzzy {
                true => Key::from_text(tag, &text).into_fuzzy(),
                false => Key::from_text(tag, &text),
            });
        let query = Query {
            keys: keys.collect(),
            limit: Some(50),
            offset: case.offset,
            within: case.within.clone(),
            ..Query::all(Level::Study)
        };
        let (begun, processor) = (Instant::now(), ProcessTime::now());
        rows += index.query(&query).await.unwrap().len();
        times.push(begun.elapsed());
        used += processor.elapsed();
        if number < 20 {
            let begun = Instant::now();
            found += index.count(&query).await.unwrap();
            counts.push(begun.elapsed());
        }
    }
    let ms = |times: &mut Vec<Duration>, part: usize| {
        times.sort();
        times[(times.len() - 1) * part / 100].as_secs_f64() * 1e3
    };
    println!(
        "{:25} {:9.2} {:9.2} {:9.2} {:6} | {:9.2} {:9}",
        case.name,
        ms(&mut times, 50),
        ms(&mut times, 95),
        used.as_secs_f64() * 1e3 / TIMES as f64,
        rows as u64 / TIMES,
        ms(&mut counts, 95),
        found / 20,
    );
}
