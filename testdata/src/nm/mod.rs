//! Gamma camera objects: planar, whole body, dynamic, gated, projections, reconstructed slices, and SPECT
//! stored as PT; counts known.

mod bone_scan;
mod cardiac;
mod counting;
mod planar;
mod renogram;
mod tomography;

use codec::TransferSyntax;
use engine::dicom::write::{
    CharacterSet, DateTime, Detector, EnergyWindow, NmFrame, NmImage, NmKind, Pixels, nm_image,
};
use serde::Serialize;

use crate::identity::Identity;
use crate::injection::{Injection, MDP};
use crate::output::{Output, Result};
use crate::{Options, Size};

/// Technetium, three hours before the images.
const INJECTION: Injection = Injection {
    tracer: MDP,
    activity_bq: 740_000_000.0,
    injected: DateTime::new(2024, 6, 10, 8, 0, 0),
    image_start: DateTime::new(2024, 6, 10, 11, 0, 0),
    weight_kg: 74.0,
};

/// What all objects of the study need.
struct Context {
    identity: Identity,
    size: Size,
    seed: u64,
}

/// One object before it is an [`NmImage`]: what differs between kinds.
struct Object {
    name: &'static str,
    number: i64,
    description: &'static str,
    kind: NmKind,
    columns: usize,
    rows: usize,
    pixel_mm: f64,
    frames: Vec<NmFrame>,
    counts: Vec<u16>,
}

/// What the truth tells of an object.
#[derive(Serialize)]
struct ObjectTruth {
    file: String,
    series_instance_uid: String,
    kind: &'static str,
    frames: usize,
    /// Sum of the stored values of each frame.
    counts: Vec<u64>,
}

fn windows() -> Vec<EnergyWindow> {
    vec![EnergyWindow {
        name: "Tc99m 140 keV".to_owned(),
        low_kev: 126.0,
        high_kev: 154.0,
    }]
}

impl Object {
    fn truth(&self, context: &Context, kind: &'static str) -> ObjectTruth {
        let plane = self.columns * self.rows;
        let sum = |frame: &[u16]| frame.iter().map(|v| u64::from(*v)).sum();
        ObjectTruth {
            file: format!("{}.dcm", self.name),
            series_instance_uid: context.identity.series_uid(self.name),
            kind,
            frames: self.frames.len(),
            counts: self.counts.chunks(plane).map(sum).collect(),
        }
    }

    /// The object with one energy window and one detector; the caller sets what else its kind has.
    fn image(&self, context: &Context) -> NmImage {
        NmImage {
            sop_instance_uid: context.identity.uid(&[self.name]),
            instance_number: 1,
            acquired: INJECTION.image_start.plus_s(600.0 * self.number as f64),
            kind: self.kind,
            frames: self.frames.clone(),
            pixel_spacing_mm: [self.pixel_mm; 2],
            slice_spacing_mm: None,
            frame_s: None,
            sweep: None,
            energy_windows: windows(),
            detectors: vec![Detector::default()],
            radiopharmaceutical: INJECTION.radiopharmaceutical(),
            phases: Vec::new(),
            gating: None,
            rotation: None,
            counts: self.counts.iter().map(|v| i64::from(*v)).sum(),
            pixels: Pixels::from_u16(self.columns as u32, self.rows as u32, &self.counts),
        }
    }

    fn write(&self, context: &Context, image: NmImage, output: &mut Output<'_>) -> Result<()> {
        let start = INJECTION.image_start.plus_s(600.0 * self.number as f64);
        let placed = matches!(self.kind, NmKind::ReconTomo | NmKind::ReconGatedTomo);
        let series = if placed {
            context
                .identity
                .series(self.name, self.number, self.description, start)
        } else {
            context
                .identity
                .unplaced_series(self.name, self.number, self.description, start)
        };
        let instance = nm_image(&context.identity.study(), &series, image)?;
        let bytes = instance.encode(TransferSyntax::ExplicitLittleEndian)?;
        output.put(&format!("{}.dcm", self.name), bytes)
    }
}

#[derive(Serialize)]
struct Truth {
    size: &'static str,
    study_instance_uid: String,
    r#static: planar::StaticTruth,
    whole_body: bone_scan::WholeBodyTruth,
    renogram: renogram::RenogramTruth,
    gated: cardiac::GatedTruth,
    projections: tomography::ProjectionTruth,
    slices: tomography::SlicesTruth,
    gated_slices: tomography::SlicesTruth,
    spect_as_pt: tomography::PtTruth,
}

/// Number of files that [`write`] makes.
pub fn files(size: Size) -> u64 {
    8 + tomography::pt_slices(size) as u64
}

/// Writes all objects and the truth.
pub fn write(options: &Options, output: &mut Output<'_>) -> Result<()> {
    let identity = Identity {
        name: "nm",
        patient: "Phantom^Gamma=体模^伽马",
        character_set: CharacterSet::Gb18030,
        description: "Gamma camera objects (synthetic)",
        start: INJECTION.injected,
        body_part: "",
        weight_kg: INJECTION.weight_kg,
        options: *options,
    };
    let context = Context {
        identity,
        size: options.size,
        seed: options.seed,
    };
    let truth = Truth {
        size: options.size.name(),
        study_instance_uid: context.identity.uid(&["study"]),
        r#static: planar::write(&context, output)?,
        whole_body: bone_scan::write(&context, output)?,
        renogram: renogram::write(&context, output)?,
        gated: cardiac::write(&context, output)?,
        projections: tomography::write_projections(&context, output)?,
        slices: tomography::write_slices(&context, output)?,
        gated_slices: tomography::write_gated_slices(&context, output)?,
        spect_as_pt: tomography::write_pt(&context, output)?,
    };
    output.put_json("truth.json", &truth)
}
