//! The lesions as a segmentation on the PET's grid, and as a structure set of circles.

use codec::TransferSyntax;
use engine::dicom::write::{
    Algorithm, Code, Contour, Pixels, Roi, Segment, SegmentFrame, Segmentation, SegmentationType,
    SourceImage, SourceSeries, StructureSet, segmentation, structure_set,
};
use engine::geometry::Point;

use super::truth::voxels_of;
use super::{INJECTION, PetCt};
use crate::elementary::{radians, sin_cos};
use crate::lesion::Lesion;
use crate::measure::Values;
use crate::output::{Output, Result};
use crate::scan::{Scan, instance_uid, plane_of};

const PET_CLASS: &str = "1.2.840.10008.5.1.4.1.1.128";

/// Writes both objects.
pub fn write(petct: &PetCt, pet: &Scan, output: &mut Output<'_>) -> Result<()> {
    let syntax = TransferSyntax::ExplicitLittleEndian;
    output.put("lesions-seg.dcm", segmentation_of(petct, pet)?.encode(syntax)?)?;
    output.put("lesions-rtstruct.dcm", structures_of(petct, pet)?.encode(syntax)?)
}

fn segment(petct: &PetCt, lesion: &Lesion) -> Segment {
    let name = format!("{}: {}", lesion.number, lesion.site);
    let uid = petct.identity.uid(&["tracking", &lesion.number.to_string()]);
    Segment {
        label: name.clone(),
        category: Code::new("49755003", "SCT", "Morphologically Abnormal Structure"),
        kind: Code::new("52988006", "SCT", "Lesion"),
        region: None,
        algorithm: Some(Algorithm {
            name: "analytic sphere, voxel centres inside".to_owned(),
            version: "1".to_owned(),
            family: Code::new("123109", "DCM", "Manual Processing"),
            with_a_person: false,
        }),
        colour: None,
        tracking: Some((name, uid)),
    }
}

/// Frames of all lesions that hold a voxel's centre, segment by segment.
fn segmentation_of(petct: &PetCt, pet: &Scan) -> Result<engine::dicom::write::Instance> {
    let identity = &petct.identity;
    let values = Values {
        grid: &pet.grid,
        at: &|_| 0.0,
    };
    let [columns, rows, _] = pet.grid.size();
    let plane = columns * rows;
    let (mut segments, mut frames, mut bits) = (Vec::new(), Vec::new(), Vec::new());
    for lesion in &petct.lesions {
        let voxels = voxels_of(petct, &values, lesion);
        let mut slices: Vec<usize> = voxels.iter().map(|v| v / plane).collect();
        slices.dedup();
        for k in &slices {
            let mut frame = vec![0u8; plane];
            voxels
                .iter()
                .filter(|v| *v / plane == *k)
                .for_each(|v| frame[v % plane] = 1);
            bits.extend(frame);
            frames.push(SegmentFrame {
                segment: Some(segments.len()),
                plane: plane_of(&pet.grid, *k),
                source: Some(SourceImage {
                    sop_class_uid: PET_CLASS.to_owned(),
                    sop_instance_uid: instance_uid(identity, "pet", pet, *k),
                    frame: None,
                }),
            });
        }
        if !slices.is_empty() {
            segments.push(segment(petct, lesion));
        }
    }
    let series = identity.series("lesions seg", 10, "Lesions (truth)", INJECTION.image_start);
    let seg = Segmentation {
        segmentation_type: SegmentationType::Binary,
        overlap: None,
        sop_instance_uid: identity.uid(&["lesions seg"]),
        dimension_organization_uid: identity.uid(&["lesions seg", "dimensions"]),
        created: INJECTION.image_start.plus_s(3600.0),
        label: "LESIONS".to_owned(),
        description: "Voxels whose centres lie in the lesions".to_owned(),
        segments,
        frames,
        slice_spacing_mm: pet.grid.spacing_mm()[2],
        source_series: Some(SourceSeries {
            study_instance_uid: None,
            series_instance_uid: series_of_pet(petct),
        }),
        pixels: Pixels::from_bits(columns as u32, rows as u32, bits),
    };
    Ok(segmentation(&identity.study(), &series, seg)?)
}

fn series_of_pet(petct: &PetCt) -> String {
    petct.identity.series_uid("pet")
}

/// Circles of 48 corners in every slice that a lesion crosses, of the sphere's area there.
fn structures_of(petct: &PetCt, pet: &Scan) -> Result<engine::dicom::write::Instance> {
    let identity = &petct.identity;
    let roi = |lesion: &Lesion| Roi {
        name: format!("{}: {}", lesion.number, lesion.site),
        interpreted_type: "GTV",
        colour: [
            255,
            (lesion.number * 37 % 256) as u8,
            (lesion.number * 91 % 256) as u8,
        ],
        contours: (0..pet.grid.size()[2])
            .filter_map(|k| circle(petct, pet, lesion, k))
            .collect(),
    };
    let set = StructureSet {
        sop_instance_uid: identity.uid(&["lesions rtstruct"]),
        label: "LESIONS".to_owned(),
        created: INJECTION.image_start.plus_s(3600.0),
        source: (PET_CLASS.to_owned(), series_of_pet(petct)),
        rois: petct
            .lesions
            .iter()
            .map(roi)
            .filter(|roi| !roi.contours.is_empty())
            .collect(),
    };
    let series = identity.series("lesions rtstruct", 11, "Lesions (truth)", INJECTION.image_start);
    Ok(structure_set(&identity.study(), &series, set)?)
}

fn circle(petct: &PetCt, pet: &Scan, lesion: &Lesion, k: usize) -> Option<Contour> {
    const CORNERS: usize = 48;
    let centre = petct.pose.scanner_from_body(lesion.centre_mm);
    let z = plane_of(&pet.grid, k).position[2];
    let squared = lesion.diameter_mm * lesion.diameter_mm / 4.0 - (z - centre[2]) * (z - centre[2]);
    if squared <= 0.25 {
        return None;
    }
    let (sine, _) = sin_cos(radians(360.0 / CORNERS as f64));
    // A polygon of the circle's area is a little larger than its inscribed one.
    let radius = (squared * 2.0 * std::f64::consts::PI / (CORNERS as f64 * sine)).sqrt();
    let corner = |n: usize| {
        let (sine, cosine) = sin_cos(radians(360.0 * n as f64 / CORNERS as f64));
        let round = |v: f64| (v * 1000.0).round() / 1000.0;
        Point::new(
            round(centre[0] + radius * cosine),
            round(centre[1] + radius * sine),
            z,
        )
    };
    Some(Contour {
        points: (0..CORNERS).map(corner).collect(),
        source_instance_uid: Some(instance_uid(&petct.identity, "pet", pet, k)),
    })
}
