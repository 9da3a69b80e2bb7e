//! Pages and counts of very many studies against what plain SQL finds: `UPTAKE_REQUIRE_STUDIES` of them, 3 000 unless said
//! otherwise.

use database::Sql;
use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{on_both, postgres};
use crate::index::{Index, Key, Level, Place, Query, Restriction, filled, generator};
use crate::test_folder::TestFolder;

/// Every study that shows with its patient, in the order of the archive; the plainest way to say what a search is for.
const STUDIES: &str = "SELECT st.study_uid FROM studies st, patients o, patients p WHERE o.id = st.patient AND p.id = o.root \
                       AND st.instances > 0 AND ";
const LATEST: &str = " ORDER BY st.sort_date DESC, st.id DESC";

/// Keys, whether the name is asked for by its words, and what SQL says of the same.
type Case = (&'static [(Tag, &'static str)], bool, &'static str);

const IN_STUDY: &str = "EXISTS (SELECT 1 FROM series m WHERE m.study = st.id AND m.instances > 0 AND ";

#[rustfmt::skip]
const CASES: &[Case] = &[
    (&[], false, "1 = 1"),
    (&[(tags::PATIENT_ID, "P0000017")], false, "p.patient_id = 'P0000017'"),
    (&[(tags::PATIENT_ID, "P000*")], false, "p.patient_id LIKE 'P000%'"),
    (&[(tags::PATIENT_ID, "440000000000000017")], false, "p.patient_id = 'P0000017'"),
    (&[(tags::PATIENT_ID, "OLD15"), (tags::ISSUER_OF_PATIENT_ID, "RIS")], false, "p.patient_id = 'P0000015'"),
    (&[(tags::PATIENT_ID, "OLD15"), (tags::ISSUER_OF_PATIENT_ID, "HIS")], false, "1 = 0"),
    (&[(tags::STUDY_INSTANCE_UID, "2.25.7.42")], false, "st.study_uid = '2.25.7.42'"),
    (&[(tags::STUDY_INSTANCE_UID, "2.25.7.42\\2.25.7.43\\9")], false, "st.study_uid IN ('2.25.7.42', '2.25.7.43')"),
    (&[(tags::ACCESSION_NUMBER, "A00000042")], false, "st.accession_number = 'A00000042'"),
    (&[(tags::ACCESSION_NUMBER, "A0000010*")], false, "st.accession_number LIKE 'A0000010%'"),
    (&[(tags::ACCESSION_NUMBER, "A00000042\\A0000010?")], false,
        "(st.accession_number = 'A00000042' OR st.accession_number LIKE 'A0000010_')"),
    (&[(tags::PATIENT_NAME, "王*")], false, "p.patient_name LIKE '%=王%'"),
    (&[(tags::PATIENT_NAME, "wang^wei")], false, "p.patient_name LIKE 'Wang^Wei=%'"),
    (&[(tags::PATIENT_NAME, "*秀英")], false, "p.patient_name LIKE '%秀英'"),
    (&[(tags::PATIENT_NAME, "*秀*")], false, "p.patient_name LIKE '%秀%'"),
    (&[(tags::PATIENT_NAME, "*iuyi*")], false, "p.patient_name LIKE '%iuyi%'"),
    (&[(tags::PATIENT_NAME, "Zh?ng*\\*英")], false, "(p.patient_name LIKE 'Zh_ng%' OR p.patient_name LIKE '%英')"),
    (&[(tags::PATIENT_NAME, "zeng*=曾*")], false, "p.patient_name LIKE 'Zeng%=曾%'"),
    (&[(tags::PATIENT_NAME, "*nobody*")], false, "1 = 0"),
    (&[(tags::PATIENT_NAME, "秀英")], true, "p.patient_name LIKE '%秀英%'"),
    (&[(tags::PATIENT_NAME, "張")], true, "p.patient_name LIKE '%张%'"),
    (&[(tags::PATIENT_NAME, "liuxiuying")], true, "p.patient_name LIKE '%=刘^秀英'"),
    (&[(tags::PATIENT_NAME, "liu xiuying")], true, "p.patient_name LIKE '%=刘^秀英'"),
    (&[(tags::PATIENT_NAME, "zeng jun")], true, "p.patient_name LIKE '%=曾^%' AND p.patient_name LIKE '%军%'"),
    (&[(tags::PATIENT_NAME, "qiu")], true, "p.patient_name LIKE '%=仇^%'"),
    (&[(tags::PATIENT_NAME, "shan\\situ")], true, "(p.patient_name LIKE '%=单^%' OR p.patient_name LIKE '%=司徒^%')"),
    (&[(tags::PATIENT_NAME, "oy")], true, "p.patient_name LIKE '%=欧阳^%'"),
    (&[(tags::PATIENT_NAME, "晓")], true, "1 = 0"),
    (&[(tags::PATIENT_SEX, "F")], false, "p.sex = 'F'"),
    (&[(tags::PATIENT_SEX, "F"), (tags::PATIENT_NAME, "王*")], false, "p.sex = 'F' AND p.patient_name LIKE '%=王%'"),
    (&[(tags::STUDY_DATE, "20150312")], false, "st.study_date = '20150312'"),
    (&[(tags::STUDY_DATE, "20251228-")], false, "st.study_date >= '20251228'"),
    (&[(tags::STUDY_DATE, "20150301-20150307")], false, "st.study_date BETWEEN '20150301' AND '20150307'"),
    (&[(tags::STUDY_DATE, "-20101231"), (tags::STUDY_TIME, "0700-0759")], false,
        "st.study_date <= '20101231' AND st.study_time LIKE '07%'"),
    (&[(tags::MODALITIES_IN_STUDY, "PT")], false, "{in}m.modality = 'PT')"),
    (&[(tags::MODALITIES_IN_STUDY, "SM")], false, "{in}m.modality = 'SM')"),
    (&[(tags::MODALITIES_IN_STUDY, "PT\\NM")], false, "{in}m.modality IN ('PT', 'NM'))"),
    (&[(tags::MODALITIES_IN_STUDY, "S?\\XC")], false, "{in}m.modality LIKE 'S_')"),
    (&[(tags::MODALITY, "PT"), (tags::STATION_NAME, "STATION7")], false,
        "{in}m.modality = 'PT' AND m.station_name = 'STATION7')"),
    (&[(tags::SERIES_INSTANCE_UID, "2.25.7.42.0")], false, "{in}m.series_uid = '2.25.7.42.0')"),
    (&[(tags::BODY_PART_EXAMINED, "HEAD\\CHEST")], false, "{in}m.body_part_examined IN ('HEAD', 'CHEST'))"),
    (&[(tags::STUDY_DESCRIPTION, "Bone scan")], false, "st.study_description = 'Bone scan'"),
    (&[(tags::STUDY_DESCRIPTION, "*head")], false, "st.study_description LIKE '%head'"),
    (&[(tags::STUDY_ID, "42")], false, "st.study_id = '42'"),
    (&[(tags::PATIENT_NAME, "王*"), (tags::MODALITIES_IN_STUDY, "MR"), (tags::STUDY_DATE, "20100101-20191231")], false,
        "p.patient_name LIKE '%=王%' AND st.study_date BETWEEN '20100101' AND '20191231' AND {in}m.modality = 'MR')"),
    (&[(tags::PATIENT_NAME, "wang"), (tags::MODALITIES_IN_STUDY, "NM\\SM"), (tags::STATION_NAME, "STATION3")], true,
        "p.patient_name LIKE '%=王%' AND {in}m.modality IN ('NM', 'SM')) AND {in}m.station_name = 'STATION3')"),
];

async fn found(index: &Index, query: &Query) -> Vec<String> {
    let rows = index.query(query).await.unwrap();
    rows.iter()
        .map(|row| row.value(tags::STUDY_INSTANCE_UID).to_owned())
        .collect()
}

/// What there is for somebody, and what SQL says of the same. One custodian has most of the studies, one nearly none.
fn restrictions() -> Vec<(Restriction, &'static str)> {
    let modalities = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    vec![
        (Restriction::NONE, "1 = 1"),
        (Restriction::of(vec![1]), "st.custodian = 1"),
        (Restriction::of(vec![4]), "st.custodian = 4"),
        (Restriction::of(vec![2, 9, 3]), "st.custodian IN (2, 3)"),
        (Restriction::of((1..=20).collect()), "st.custodian IS NOT NULL"),
        (Restriction::of(vec![9]), "1 = 0"),
        (Restriction::nothing(), "1 = 0"),
        (
            Restriction {
                modalities: modalities(&["NM", "SM"]),
                ..Restriction::NONE
            },
            "{in}m.modality IN ('NM', 'SM'))",
        ),
        (
            Restriction {
                modalities: modalities(&["SM"]),
                ..Restriction::of(vec![1, 2])
            },
            "st.custodian IN (1, 2) AND {in}m.modality = 'SM')",
        ),
        (
            Restriction {
                modalities: modalities(&[]),
                ..Restriction::NONE
            },
            "1 = 0",
        ),
    ]
}

async fn check(
    index: &Index,
    (keys, is_fuzzy, truth): &Case,
    (within, within_truth): &(Restriction, &'static str),
) {
    let truth = format!("{truth} AND {within_truth}").replace("{in}", IN_STUDY);
    let rows = Sql::new(format!("{STUDIES}{truth}{LATEST}"))
        .all(&index.readers)
        .await
        .unwrap();
    let truth: Vec<String> = rows.iter().map(|row| row.get(0).unwrap()).collect();
    let keys = keys.iter().map(|(tag, text)| match is_fuzzy {
        true => Key::from_text(*tag, text).into_fuzzy(),
        false => Key::from_text(*tag, text),
    });
    let query = Query {
        keys: keys.collect(),
        limit: Some(17),
        ..Query::all(Level::Study).within(within.clone())
    };
    assert_eq!(
        index.count(&query).await.unwrap(),
        truth.len() as u64,
        "{query:?}"
    );
    // The first page, one from the middle, the last one, and one beyond it; by offset, and after the row before.
    let all = truth.len();
    for first in [0, all / 2, all.saturating_sub(5), all] {
        let offset = Query {
            offset: first as u64,
            ..query.clone()
        };
        let expected = &truth[first..all.min(first + 17)];
        assert_eq!(found(index, &offset).await, expected, "{offset:?}");
        if first > 0 {
            let before = Query {
                offset: first as u64 - 1,
                limit: Some(1),
                ..query.clone()
            };
            let before = index.query(&before).await.unwrap();
            let after = Query {
                after: Some(before[0].cursor.clone()),
                ..query.clone()
            };
            assert_eq!(found(index, &after).await, expected, "{after:?}");
        }
    }
}

#[tokio::test]
async fn pages_and_counts_are_what_plain_sql_finds() {
    let studies = std::env::var("UPTAKE_REQUIRE_STUDIES").map_or(3000, |count| count.parse().unwrap());
    on_both(async |index: Index| {
        filled::fill(&index, 7, studies).await.unwrap();
        for within in restrictions() {
            for case in CASES {
                check(&index, case, &within).await;
            }
        }
        for within in restrictions() {
            check_other_levels(&index, &within).await;
        }
    })
    .await;
}

/// Patients and series of the studies that there are, and no others.
async fn check_other_levels(index: &Index, (within, truth): &(Restriction, &'static str)) {
    let truth = truth.replace("{in}", IN_STUDY);
    for (level, column, rows) in [
        (
            Level::Patient,
            tags::PATIENT_ID,
            "SELECT DISTINCT p.patient_id, p.id FROM studies st, patients p WHERE p.id = st.patient AND ",
        ),
        (
            Level::Series,
            tags::SERIES_INSTANCE_UID,
            "SELECT se.series_uid, se.id FROM series se, studies st WHERE st.id = se.study AND ",
        ),
    ] {
        let rows = Sql::new(format!("{rows}{truth} ORDER BY 2"))
            .all(&index.readers)
            .await
            .unwrap();
        let expected: Vec<String> = rows.iter().map(|row| row.get(0).unwrap()).collect();
        let asked = Query::all(level).within(within.clone());
        assert_eq!(
            index.count(&asked).await.unwrap(),
            expected.len() as u64,
            "{asked:?}"
        );
        let page = Query {
            limit: Some(40),
            ..asked
        };
        let found = index.query(&page).await.unwrap();
        let found: Vec<&str> = found.iter().map(|row| row.value(column)).collect();
        assert_eq!(found, expected[..expected.len().min(40)], "{page:?}");
    }
}

/// What the migration of searches and those after it made and took away.
const UNDONE: &[&str] = &[
    "DROP TABLE publications",
    "DROP TABLE custodies",
    "DROP INDEX studies_of_custodian",
    "DROP INDEX patients_of_custodian",
    "ALTER TABLE studies DROP COLUMN custodian",
    "ALTER TABLE patients DROP COLUMN custodian",
    "ALTER TABLE patient_merges DROP COLUMN custodian",
    "ALTER TABLE corrections DROP COLUMN study_uid",
    "ALTER TABLE corrections DROP COLUMN custodian",
    "ALTER TABLE orders DROP COLUMN custodian",
    "ALTER TABLE applications DROP COLUMN custodian",
    "ALTER TABLE devices DROP COLUMN custodian",
    "CREATE TABLE events (id BIGINT PRIMARY KEY, at_ns BIGINT, kind TEXT, actor TEXT, study_uid TEXT, series_uid TEXT, \
     sop_uid TEXT, hash TEXT, detail TEXT)",
    "DROP TABLE name_keys",
    "DROP INDEX studies_shown",
    "DROP INDEX studies_of_patient",
    "DROP INDEX series_modalities",
    "DROP INDEX series_of_modality",
    "CREATE INDEX studies_sort ON studies (sort_date, id)",
    "CREATE INDEX studies_patient ON studies (patient)",
    "CREATE INDEX series_modality ON series (modality)",
    "DELETE FROM migrations WHERE version >= 10",
];

#[tokio::test]
async fn an_index_from_before_gets_the_keys_of_its_names() {
    let folder = TestFolder::new("index");
    let sqlite = Place::Sqlite(folder.path().join("index.sqlite"));
    for place in [Some(sqlite), postgres::database()].into_iter().flatten() {
        let index = Index::open(&place).await.unwrap();
        let facts: Vec<_> = generator::generate(9, 40).collect();
        index.add_all(facts).await.unwrap();
        let before = index.dump().await.unwrap();
        assert!(before.iter().any(|line| line.starts_with("name_keys ")));
        let change = index.begin().await.unwrap();
        for statement in UNDONE {
            Sql::new(*statement).run(&*change).await.unwrap();
        }
        change.commit().await.unwrap();
        let index = Index::open(&place).await.unwrap();
        assert_eq!(index.dump().await.unwrap(), before);
    }
}
