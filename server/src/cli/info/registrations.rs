//! What registration objects join.

use std::io::Write;

use engine::dicom::read::{Placement, Registered, Registration, Series, is_registration, read_registration};
use engine::dicom::registration::MatrixType;
use serde::Serialize;

/// One registration object.
#[derive(Serialize)]
pub struct RegistrationReport {
    sop_instance_uid: String,
    label: String,
    description: String,
    /// The registered space.
    frame_of_reference_uid: String,
    /// Series of all images that it names.
    series_instance_uids: Vec<String>,
    registered: Vec<RegisteredReport>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct RegisteredReport {
    frame_of_reference_uid: Option<String>,
    series_instance_uids: Vec<String>,
    images: usize,
    /// `RIGID`, `RIGID_SCALE`, `AFFINE` by what the matrix is, or `DEFORMABLE`.
    kind: &'static str,
    /// From the data's patient space to the registered one, row by row; of a matrix only.
    matrix: Option<[f64; 16]>,
    largest_displacement_mm: Option<f64>,
    method: Option<String>,
    comment: String,
}

/// The registrations of a series, and why others of it cannot be read.
pub fn of(series: &Series) -> (Vec<RegistrationReport>, Vec<String>) {
    let mut reports = Vec::new();
    let mut unread = Vec::new();
    let objects = series
        .instances
        .iter()
        .filter(|one| is_registration(&one.sop_class_uid));
    for object in objects {
        match read_registration(&object.data_set) {
            Ok((registration, warnings)) => {
                let warnings = warnings.into_iter().map(|warning| warning.text).collect();
                reports.push(report(registration, warnings));
            }
            Err(error) => unread.push(format!("registration {}: {error}", object.sop_instance_uid)),
        }
    }
    (reports, unread)
}

fn report(registration: Registration, warnings: Vec<String>) -> RegistrationReport {
    RegistrationReport {
        registered: registration.registered.iter().map(registered).collect(),
        sop_instance_uid: registration.sop_instance_uid,
        label: registration.label,
        description: registration.description,
        frame_of_reference_uid: registration.frame_of_reference_uid,
        series_instance_uids: registration.series_instance_uids,
        warnings,
    }
}

fn registered(item: &Registered) -> RegisteredReport {
    let (kind, matrix, largest_displacement_mm) = match &item.placement {
        Placement::Matrix {
            registered_from_source,
        } => {
            let (linear, origin) = (registered_from_source.linear, registered_from_source.origin);
            let number = |n: usize| match (n / 4, n % 4) {
                (3, column) => f64::from(u8::from(column == 3)),
                (row, 3) => origin[row],
                (row, column) => linear[(row, column)],
            };
            let kind = MatrixType::of(registered_from_source).term();
            (kind, Some(std::array::from_fn(number)), None)
        }
        Placement::Deformable {
            source_from_registered,
        } => (
            "DEFORMABLE",
            None,
            Some(source_from_registered.field.largest_mm()),
        ),
    };
    RegisteredReport {
        frame_of_reference_uid: item.frame_of_reference_uid.clone(),
        series_instance_uids: item
            .series_instance_uids()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        images: item.images.len(),
        kind,
        matrix,
        largest_displacement_mm,
        method: item.method.map(|method| method.code().meaning.into_owned()),
        comment: item.comment.clone(),
    }
}

impl RegistrationReport {
    /// A line for the object and one for each of its items.
    pub fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(
            out,
            "       registration {} {} to frame of reference {}",
            self.label, self.description, self.frame_of_reference_uid
        )?;
        for item in &self.registered {
            let mut of = item
                .series_instance_uids
                .iter()
                .map(|uid| format!("series {uid}"))
                .collect::<Vec<_>>();
            of.extend(
                item.frame_of_reference_uid
                    .iter()
                    .map(|uid| format!("frame of reference {uid}")),
            );
            let how = item.method.iter().map(|method| format!(", {method}"));
            let far = item
                .largest_displacement_mm
                .iter()
                .map(|mm| format!(", up to {mm:.1} mm"));
            let said = Some(&item.comment).filter(|text| !text.is_empty());
            let said = said.iter().map(|text| format!(", {text}"));
            let how: String = how.chain(far).chain(said).collect();
            writeln!(out, "         {}{how}: {}", item.kind, of.join(", "))?;
        }
        for warning in &self.warnings {
            writeln!(out, "         ! {warning}")?;
        }
        Ok(())
    }
}
