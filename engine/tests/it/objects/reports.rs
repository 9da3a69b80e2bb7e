//! Measurement reports, ours and those of other producers.

use codec::TransferSyntax;
use engine::dicom::measurement_report::{
    AlgorithmIdentification, ImageGroup, LesionReport, Measurement, MeasurementReport, Observer,
    ReportedLesion, ReportedReference, SuvNumbers, TimePoint,
};
use engine::dicom::read::measurement_report as read_report;
use engine::dicom::write::{Code, ReportDocument, derived_uid, measurement_report};
use engine::dicom::{ObjectReference, concepts};
use engine::suv::SuvKind;
use engine::voi::{Scale, Statistics};
use serde_json::{Value, json};

use super::peers;
use super::study::{CREATED, Pet, masks, pet, series};

/// An object of the same study.
fn object(pet: &Pet, name: &str, class: &str) -> ObjectReference {
    ObjectReference {
        study_instance_uid: pet.study.study_instance_uid.clone(),
        series_instance_uid: derived_uid(&["objects", name]),
        sop_class_uid: class.to_owned(),
        sop_instance_uid: derived_uid(&["objects", name, "1"]),
    }
}

fn numbers(kind: SuvKind, statistics: &Statistics, factor: f64) -> SuvNumbers {
    SuvNumbers {
        max: Some(statistics.max * factor),
        mean: Some(statistics.mean * factor),
        min: Some(statistics.min * factor),
        sd: Some(statistics.sd * factor),
        median: Some(statistics.median * factor),
        peaks: vec![
            ("local".to_owned(), statistics.max * factor * 0.9),
            ("global_pv".to_owned(), statistics.max * factor / 1.1),
        ],
        ..SuvNumbers::new(kind)
    }
}

fn lesion_report(pet: &Pet) -> LesionReport {
    let factor = 4.016_640e-4 / 3.0;
    let names = ["right lung", "neck", "injection site"];
    let masks = masks(pet);
    let lesions = masks.iter().zip(names).zip(1u16..).map(|((mask, site), number)| {
        let statistics = Statistics::inside(&pet.volume, mask, Scale::Factor(1.0)).unwrap();
        ReportedLesion {
            id: format!("L{number}"),
            tracking_uid: derived_uid(&["objects", "lesion", &number.to_string()]),
            site: Some(site.to_owned()),
            segment_number: Some(number),
            volume_ml: Some(mask.volume_ml()),
            mtv_ml: Some(mask.volume_ml() * 0.9),
            tlg: Some(mask.volume_ml() * statistics.mean * factor),
            suv: vec![
                numbers(SuvKind::Bw, &statistics, factor),
                numbers(SuvKind::LbmJanmahasatian, &statistics, factor * 0.63),
                numbers(SuvKind::Bsa, &statistics, factor * 0.026),
            ],
            long_axis_mm: Some(21.5),
            short_axis_mm: Some(1.0 / 3.0),
            hu_mean: Some(-712.25),
            physiological: (number == 3)
                .then(|| ("injection site".to_owned(), "at the edge of the body".to_owned())),
        }
    });
    LesionReport {
        observers: vec![
            Observer::Person {
                name: "Li^Si=李^四".to_owned(),
                organization: Some("Department".to_owned()),
            },
            Observer::Device {
                uid: derived_uid(&["objects", "device"]),
                name: Some("Uptake".to_owned()),
                manufacturer: Some("Uptake".to_owned()),
                model: Some("0.1".to_owned()),
                serial_number: None,
            },
        ],
        procedures: vec![concepts::PET_CT_FDG_WHOLE_BODY],
        image_library: vec![ImageGroup {
            modality: Some(Code::new("PT", "DCM", "Positron emission tomography")),
            frame_of_reference_uid: pet.images.frame_of_reference_uid.clone(),
            images: pet.images.references(),
        }],
        source_series_instance_uid: pet.images.series_instance_uid.clone(),
        segmentation: Some(object(pet, "seg", "1.2.840.10008.5.1.4.1.1.66.4")),
        real_world_value_map: Some(object(pet, "rwvm", "1.2.840.10008.5.1.4.1.1.67")),
        time_point: Some(TimePoint {
            label: "baseline".to_owned(),
            kind: Some(Code::new("C1442488", "UMLS", "Baseline")),
            order: Some(1.0),
        }),
        algorithm: Some(AlgorithmIdentification {
            name: "Uptake lesions".to_owned(),
            version: "0.1".to_owned(),
            parameters: vec!["rule=suv4".to_owned(), "min-volume-ml=0.3".to_owned()],
        }),
        rule: "SUVbw >= 4".to_owned(),
        mtv_rule: "41 % of the maximum".to_owned(),
        harmonization: Some("Gaussian to 7 mm FWHM (EARL 1)".to_owned()),
        lesions: lesions.collect(),
        references: vec![ReportedReference {
            name: "liver".to_owned(),
            tracking_uid: derived_uid(&["objects", "liver"]),
            segment_number: None,
            suv: vec![SuvNumbers {
                mean: Some(2.1),
                sd: Some(0.2),
                ..SuvNumbers::new(SuvKind::Bw)
            }],
        }],
        totals_tracking_uid: derived_uid(&["objects", "total"]),
        warnings: vec!["uptake time 95 min; 45 to 75 asked for".to_owned()],
    }
}

fn document(report: MeasurementReport) -> ReportDocument {
    ReportDocument {
        sop_instance_uid: derived_uid(&["objects", "sr", "1"]),
        created: CREATED,
        complete: true,
        report,
    }
}

/// Each measurement as a peer gives it.
fn told(measurement: &Measurement) -> Value {
    let code = |code: &Code| json!([code.value, code.scheme, code.meaning]);
    json!({
        "quantity": code(&measurement.quantity),
        "value": measurement.value,
        "unit": code(&measurement.unit),
        "derivation": measurement.derivation.as_ref().map(code),
        "peak": measurement.peak_definition(),
    })
}

#[test]
fn a_report_of_lesions_is_read_by_peers_with_the_same_numbers() {
    let folder = peers::folder("report");
    let pet = pet(|_| 2.5);
    let report = lesion_report(&pet).to_measurement_report();
    let written = measurement_report(&pet.study, &series("sr", 20), document(report.clone())).unwrap();
    let file = folder.join("sr.dcm");
    std::fs::write(
        &file,
        written.encode(TransferSyntax::ExplicitLittleEndian).unwrap(),
    )
    .unwrap();
    let (found, warnings) = read_report(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(found, report);
    peers::assert_conformant(&file);
    let Some(peer) = peers::read("report", &file) else {
        return;
    };
    assert_eq!(peer["class"], "1.2.840.10008.5.1.4.1.1.88.34");
    let groups = peer["groups"].as_array().unwrap();
    assert_eq!(groups.len(), report.groups.len());
    for group in groups {
        let own = report.group(group["tracking_uid"].as_str().unwrap()).unwrap();
        assert_eq!(group["tracking_id"], own.tracking_id.clone().unwrap());
        let measurements: Vec<Value> = own.measurements.iter().map(told).collect();
        peers::assert_same(&group["measurements"], &Value::from(measurements), "measurements");
        let segment = own.segment.as_ref();
        let segment = segment.map(|s| json!([s.segmentation.sop_instance_uid, [s.segment_number]]));
        assert_eq!(group["segment"], json!(segment));
        assert_eq!(
            group["finding"][0],
            json!(own.finding.as_ref().map(|code| code.value.as_ref()))
        );
        assert_eq!(group["sites"].as_array().unwrap().len(), own.sites.len());
    }
    assert_eq!(groups[0]["sites"][0]["laterality"][2], "Right");
}

#[test]
fn totals_leave_out_what_is_physiological_and_what_is_not_known() {
    let pet = pet(|_| 2.5);
    let mut lesions = lesion_report(&pet);
    let sum = |of: fn(&ReportedLesion) -> Option<f64>, lesions: &LesionReport| -> f64 {
        lesions.lesions[..2]
            .iter()
            .map(|lesion| of(lesion).unwrap())
            .sum()
    };
    let (mtv, tlg) = (sum(|l| l.mtv_ml, &lesions), sum(|l| l.tlg, &lesions));
    let total = |lesions: &LesionReport, quantity: &Code| {
        let report = lesions.to_measurement_report();
        let group = report.group(&lesions.totals_tracking_uid).unwrap();
        let derivation = (!quantity.is(&concepts::LESION_COUNT)).then_some(concepts::TOTAL);
        group
            .measurement(quantity, derivation.as_ref())
            .and_then(|m| m.value)
    };
    assert_eq!(total(&lesions, &concepts::METABOLIC_VOLUME), Some(mtv));
    assert_eq!(total(&lesions, &concepts::TOTAL_LESION_GLYCOLYSIS), Some(tlg));
    assert_eq!(total(&lesions, &concepts::LESION_COUNT), Some(2.0));
    lesions.lesions[1].tlg = None;
    assert_eq!(total(&lesions, &concepts::TOTAL_LESION_GLYCOLYSIS), None);
}

#[test]
fn numbers_that_are_none_are_refused() {
    let pet = pet(|_| 2.5);
    let refused = |change: fn(&mut MeasurementReport)| {
        let mut report = lesion_report(&pet).to_measurement_report();
        change(&mut report);
        measurement_report(&pet.study, &series("sr", 20), document(report))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(|report| report.groups[0].measurements[0].value = Some(f64::NAN)),
        "measured value: expected a finite number, found NaN"
    );
    assert_eq!(
        refused(|report| report.groups[1].tracking_uid = None),
        "measurement group: expected a tracking ID and UID, found none"
    );
    assert_eq!(
        refused(|report| report.groups.clear()),
        "measurement groups: expected at least one, found none"
    );
    let unplaced = refused(|report| report.image_library[0].images[0].series_instance_uid.clear());
    assert!(
        unplaced.starts_with("reference: expected its study and series, found 2.25."),
        "{unplaced}"
    );
}

/// Reports of dcmqi, of Iowa's converter (a template from before TID 1500) and of highdicom, against pydicom.
#[test]
fn reports_of_other_producers_have_the_numbers_that_pydicom_reads() {
    let mut seen = 0;
    for (set, name, groups, measured) in [
        (
            "pet/qin-headneck-0062-derived",
            "Testing/SR/measurements.dcm",
            4,
            88,
        ),
        ("objects/seg-sr-pm", "dcmqi/sr-example/sr.dcm", 1, 22),
        ("objects/seg-sr-pm", "sr_document_with_multiple_groups.dcm", 4, 4),
        ("objects/seg-sr-pm", "sr_document.dcm", 1, 1),
    ] {
        let Some(folder) = shared_data::set(set) else {
            continue;
        };
        let file = folder.join(name);
        let (report, _) = read_report(&std::fs::read(&file).unwrap()).unwrap();
        let count: usize = report.groups.iter().map(|group| group.measurements.len()).sum();
        assert_eq!((report.groups.len(), count), (groups, measured), "{name}");
        let Some(peer) = peers::read("report-plain", &file) else {
            continue;
        };
        let peer = peer["groups"].as_array().unwrap().clone();
        assert_eq!(peer.len(), groups, "{name}");
        for (own, peer) in report.groups.iter().zip(&peer) {
            assert_eq!(json!(own.tracking_uid), peer["tracking_uid"]);
            let segment = own.segment.as_ref();
            let segment = segment.map(|s| json!([s.segmentation.sop_instance_uid, [s.segment_number]]));
            assert_eq!(json!(segment), peer["segment"]);
            for (own, peer) in own
                .measurements
                .iter()
                .zip(peer["measurements"].as_array().unwrap())
            {
                peers::assert_same(&peer["value"], &json!(own.value), "value");
                assert_eq!(own.unit.value, peer["unit"][0].as_str().unwrap());
            }
        }
        seen += 1;
    }
    assert!(seen == 0 || seen == 4);
}

/// Retired codes arrive as those of today, so that one question suits all producers. Values as in the object.
#[test]
fn old_reports_answer_to_the_codes_of_today() {
    if let Some(folder) = shared_data::set("pet/qin-headneck-0062-derived") {
        let bytes = std::fs::read(folder.join("Testing/SR/measurements.dcm")).unwrap();
        let (report, _) = read_report(&bytes).unwrap();
        let group = &report.groups[0];
        assert_eq!(group.tracking_id.as_deref(), Some("Aortic arch"));
        let suv = |derivation| {
            group
                .measurement(&concepts::suv(SuvKind::Bw), Some(&derivation))
                .unwrap()
        };
        assert_eq!(suv(concepts::MEAN).value, Some(1.96772));
        assert_eq!(suv(concepts::MAXIMUM).value, Some(2.72994));
        assert_eq!(suv(concepts::MEDIAN).suv_kind(), Some(SuvKind::Bw));
        let volume = group.measurement(&concepts::VOLUME, None).unwrap();
        assert_eq!((volume.value, volume.unit.value.as_ref()), (Some(7.35011), "ml"));
        let tlg = group
            .measurement(&concepts::TOTAL_LESION_GLYCOLYSIS, None)
            .unwrap();
        assert_eq!(tlg.value, Some(14.4629));
        assert_eq!(group.segment.as_ref().unwrap().segment_number, 99);
        assert!(tlg.real_world_value_map.is_some());
    }
    if let Some(folder) = shared_data::set("objects/seg-sr-pm") {
        let bytes = std::fs::read(folder.join("dcmqi/sr-example/sr.dcm")).unwrap();
        let (report, _) = read_report(&bytes).unwrap();
        let group = &report.groups[0];
        let peak = group
            .measurement(&concepts::suv(SuvKind::Bw), Some(&concepts::PEAK))
            .unwrap();
        assert_eq!(peak.value, Some(9.45534));
        assert_eq!(group.time_point.as_ref().unwrap().label, "1");
        assert_eq!(group.sites[0].code.meaning, "pharyngeal tonsil (adenoid)");
        assert_eq!(group.method, Some(concepts::suv_method(SuvKind::Bw)));
        assert_eq!(report.image_library[0].images.len(), 191);
    }
}
