//! Synthetic rows in any number, for measuring queries: names as they are spread in China, several identifiers a patient.
//!
//! Nobody's data: surnames by their known frequencies, everything else drawn from a generator of random numbers.

use std::collections::BTreeMap;

use dicom_dictionary_std::{tags, uids};

use super::{Code, Facts, Identifier, Request, Tracer, metadata};
use crate::storage::{Hash, ObjectInfo};

/// Surnames with pinyin and how many of a thousand people have them (China's census of 2020, rounded).
const SURNAMES: &[(&str, &str, u32)] = &[
    ("王", "Wang", 75),
    ("李", "Li", 75),
    ("张", "Zhang", 67),
    ("刘", "Liu", 52),
    ("陈", "Chen", 51),
    ("杨", "Yang", 34),
    ("黄", "Huang", 25),
    ("赵", "Zhao", 22),
    ("吴", "Wu", 20),
    ("周", "Zhou", 20),
    ("徐", "Xu", 15),
    ("孙", "Sun", 14),
    ("马", "Ma", 14),
    ("朱", "Zhu", 13),
    ("胡", "Hu", 12),
    ("郭", "Guo", 12),
    ("何", "He", 11),
    ("曾", "Zeng", 6),
    ("任", "Ren", 4),
    ("单", "Shan", 1),
    ("仇", "Qiu", 1),
    ("欧阳", "Ouyang", 1),
    ("司徒", "Situ", 1),
];

/// Characters of given names with pinyin, the frequent ones first.
const GIVEN: &[(&str, &str)] = &[
    ("伟", "Wei"),
    ("芳", "Fang"),
    ("秀", "Xiu"),
    ("英", "Ying"),
    ("敏", "Min"),
    ("静", "Jing"),
    ("丽", "Li"),
    ("强", "Qiang"),
    ("磊", "Lei"),
    ("军", "Jun"),
    ("洋", "Yang"),
    ("勇", "Yong"),
    ("艳", "Yan"),
    ("杰", "Jie"),
    ("娟", "Juan"),
    ("涛", "Tao"),
    ("明", "Ming"),
    ("超", "Chao"),
    ("兰", "Lan"),
    ("霞", "Xia"),
    ("平", "Ping"),
    ("刚", "Gang"),
    ("桂", "Gui"),
    ("建", "Jian"),
    ("国", "Guo"),
    ("华", "Hua"),
    ("玉", "Yu"),
    ("梅", "Mei"),
    ("文", "Wen"),
    ("雪", "Xue"),
];

/// Gives two objects of each of `studies` studies, the same for the same seed. A patient has three studies on average.
pub fn generate(seed: u64, studies: u64) -> impl Iterator<Item = Facts> {
    (0..studies).flat_map(move |study| {
        let mut random = Random(seed ^ study.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let patient = random.below(studies / 3 + 1);
        [0, 1].map(|series| object(seed, patient, study, series))
    })
}

fn object(seed: u64, patient: u64, study: u64, series: u64) -> Facts {
    let mut random = Random(seed ^ study.wrapping_mul(0xD129_42F0_53D1_07C5) ^ series << 60);
    let study_uid = format!("2.25.{seed}.{study}");
    let is_pet = series == 1;
    let (modality, class) = if is_pet {
        ("PT", uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE)
    } else {
        ("CT", uids::CT_IMAGE_STORAGE)
    };
    let mut values = BTreeMap::new();
    let mut put = |tag, value: String| drop(values.insert(tag, value));
    put(tags::STUDY_INSTANCE_UID, study_uid.clone());
    put(tags::SERIES_INSTANCE_UID, format!("{study_uid}.{series}"));
    put(tags::SOP_INSTANCE_UID, format!("{study_uid}.{series}.1"));
    put(tags::SOP_CLASS_UID, class.to_owned());
    put(tags::MODALITY, modality.to_owned());
    put(tags::SERIES_NUMBER, (series + 1).to_string());
    put(tags::INSTANCE_NUMBER, "1".to_owned());
    put(tags::STUDY_DATE, date(study));
    put(
        tags::STUDY_TIME,
        format!("{:02}{:02}00", 7 + study % 11, study % 60),
    );
    put(tags::ACCESSION_NUMBER, format!("A{study:08}"));
    put(tags::STUDY_ID, (study % 100_000).to_string());
    put(
        tags::STUDY_DESCRIPTION,
        ["PET/CT whole body", "Bone scan", "Myocardial perfusion"][(study % 3) as usize].to_owned(),
    );
    put(tags::PATIENT_NAME, name(seed, patient));
    put(tags::PATIENT_ID, format!("P{patient:07}"));
    put(tags::ISSUER_OF_PATIENT_ID, "HIS".to_owned());
    put(tags::PATIENT_BIRTH_DATE, date(patient.wrapping_mul(17) % 20_000));
    put(
        tags::PATIENT_SEX,
        if patient.is_multiple_of(2) { "F" } else { "M" }.to_owned(),
    );
    let hash = Hash::of(format!("{study_uid} {series}").as_bytes());
    let activity_bq = 250_000_000 + random.below(100_000_000);
    Facts {
        custodian: None,
        object: ObjectInfo {
            received_ns: (study * 2 + series + 1) as i64,
            hash,
            size: 526_000 + random.below(1000),
        },
        transfer_syntax_uid: uids::EXPLICIT_VR_LITTLE_ENDIAN.to_owned(),
        values,
        // A health card beside the hospital's number, for two of three.
        other_ids: (!patient.is_multiple_of(3))
            .then(|| Identifier {
                id: format!("44{patient:016}"),
                issuer: "CARD".to_owned(),
            })
            .into_iter()
            .collect(),
        tracers: is_pet
            .then(|| Tracer {
                radiopharmaceutical: Some("Fluorodeoxyglucose".to_owned()),
                radionuclide: Code {
                    value: Some("C-111A1".to_owned()),
                    scheme: Some("SRT".to_owned()),
                    meaning: Some("^18^Fluorine".to_owned()),
                },
                activity_bq: Some(activity_bq as f64),
                total_dose: Some(activity_bq.to_string()),
                radiopharmaceutical_code: Code::default(),
                injection: Some(format!("{}080000", date(study))),
            })
            .into_iter()
            .collect(),
        requests: vec![Request {
            step_id: Some(format!("S{study:08}")),
            procedure_id: Some(format!("R{study:08}")),
        }],
        metadata: metadata::deflated("{}"),
    }
}

/// Days from 2006 on, 28 in every month.
pub(super) fn date(number: u64) -> String {
    let day = number % 6720;
    format!(
        "{:04}{:02}{:02}",
        2006 + day / 336,
        day / 28 % 12 + 1,
        day % 28 + 1
    )
}

/// The name of a patient by number: letters and ideographs.
pub(super) fn name(seed: u64, patient: u64) -> String {
    let mut random = Random(seed ^ patient.wrapping_mul(0xA076_1D64_78BD_642F));
    let total: u32 = SURNAMES.iter().map(|(_, _, weight)| weight).sum();
    let mut at = random.below(u64::from(total)) as u32;
    let mut surname = SURNAMES[0];
    for candidate in SURNAMES {
        surname = *candidate;
        if at < candidate.2 {
            break;
        }
        at -= candidate.2;
    }
    // The product of two draws prefers the first entries.
    let mut given = || {
        let (one, other) = (random.below(GIVEN.len() as u64), random.below(GIVEN.len() as u64));
        GIVEN[(one * other / GIVEN.len() as u64) as usize]
    };
    let (first, second) = (given(), given());
    let second = if patient.is_multiple_of(4) {
        ("", "")
    } else {
        second
    };
    format!(
        "{}^{}{}={}^{}{}",
        surname.1,
        first.1,
        second.1.to_lowercase(),
        surname.0,
        first.0,
        second.0
    )
}

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end.max(1)
    }
}
