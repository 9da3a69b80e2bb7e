//! Images and a service that holds them, for tests.

use std::sync::Arc;

use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use tokio::sync::oneshot;

use crate::access::Open;
use crate::dicomweb::rendered::RenderFrame;
use crate::http::tests::{Answer, app, send, start};
use crate::http::{Limits, router};
use crate::ingest::Outcome;
use crate::test_folder::TestFolder;

pub(crate) const STUDY: &str = "2.25.1000";
pub(crate) const SERIES: &str = "2.25.2000";

/// A CT image of 16-bit pixels in explicit little endian, at its own place along the axis of the body.
pub(crate) fn image(number: u32, side: u16, frames: u32) -> Vec<u8> {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    let mut put = |tag: Tag, vr: VR, value: &[u8]| {
        bytes.extend(tag.0.to_le_bytes());
        bytes.extend(tag.1.to_le_bytes());
        bytes.extend(vr.to_bytes());
        let length = value.len().next_multiple_of(2);
        if matches!(vr, VR::OW | VR::OB) {
            bytes.extend([0, 0]);
            bytes.extend((length as u32).to_le_bytes());
        } else {
            bytes.extend((length as u16).to_le_bytes());
        }
        bytes.extend(value);
        bytes.resize(
            bytes.len() + length - value.len(),
            if vr == VR::UI { 0 } else { b' ' },
        );
    };
    let uid = format!("2.25.{number}");
    put(
        tags::TRANSFER_SYNTAX_UID,
        VR::UI,
        uids::EXPLICIT_VR_LITTLE_ENDIAN.as_bytes(),
    );
    put(tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE.as_bytes());
    put(tags::SOP_INSTANCE_UID, VR::UI, uid.as_bytes());
    put(tags::MODALITY, VR::CS, b"CT");
    put(tags::PATIENT_ID, VR::LO, b"P1");
    put(tags::SLICE_THICKNESS, VR::DS, b"2.5");
    put(tags::STUDY_INSTANCE_UID, VR::UI, STUDY.as_bytes());
    put(tags::SERIES_INSTANCE_UID, VR::UI, SERIES.as_bytes());
    put(tags::INSTANCE_NUMBER, VR::IS, number.to_string().as_bytes());
    // The later the number the lower the slice: the order of viewing is not that of numbers.
    put(
        tags::IMAGE_POSITION_PATIENT,
        VR::DS,
        format!("0\\0\\{}", -2.5 * f64::from(number)).as_bytes(),
    );
    put(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, b"1\\0\\0\\0\\1\\0");
    put(tags::SAMPLES_PER_PIXEL, VR::US, &1_u16.to_le_bytes());
    put(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, b"MONOCHROME2");
    put(tags::NUMBER_OF_FRAMES, VR::IS, frames.to_string().as_bytes());
    put(tags::ROWS, VR::US, &side.to_le_bytes());
    put(tags::COLUMNS, VR::US, &side.to_le_bytes());
    put(tags::PIXEL_SPACING, VR::DS, b"0.9\\0.9");
    put(tags::BITS_ALLOCATED, VR::US, &16_u16.to_le_bytes());
    put(tags::BITS_STORED, VR::US, &12_u16.to_le_bytes());
    put(tags::HIGH_BIT, VR::US, &11_u16.to_le_bytes());
    put(tags::PIXEL_REPRESENTATION, VR::US, &0_u16.to_le_bytes());
    put(tags::WINDOW_CENTER, VR::DS, b"40");
    put(tags::WINDOW_WIDTH, VR::DS, b"400");
    put(tags::RESCALE_INTERCEPT, VR::DS, b"-1024");
    put(tags::RESCALE_SLOPE, VR::DS, b"1");
    put(Tag(0x0029, 0x0010), VR::LO, b"UPTAKE TEST");
    put(Tag(0x0029, 0x1001), VR::OB, &[9; 2000]);
    put(tags::PIXEL_DATA, VR::OW, &pixels(number, side, frames));
    bytes
}

/// Smooth with a little noise, 12 bits.
pub(crate) fn pixels(number: u32, side: u16, frames: u32) -> Vec<u8> {
    let side = u32::from(side);
    let mut noise = number.wrapping_mul(2_654_435_761) | 1;
    let cells = (0..frames * side * side).map(|at| {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        let (x, y) = (at % side, at / side % side);
        ((x * 3 + y * 5 + number * 7 + noise % 16) % 4096) as u16
    });
    cells.flat_map(u16::to_le_bytes).collect()
}

pub(crate) struct Service {
    pub(crate) port: u16,
    pub(crate) folder: TestFolder,
    _stop: oneshot::Sender<()>,
}

impl Service {
    /// A service with these objects.
    pub(crate) async fn of(objects: &[Vec<u8>]) -> Self {
        Self::drawing(objects, None).await
    }

    pub(crate) async fn drawing(objects: &[Vec<u8>], renderer: Option<Arc<dyn RenderFrame>>) -> Self {
        let folder = TestFolder::new("wado");
        let mut app = app(&folder, Arc::new(Open)).await;
        if let Some(renderer) = renderer {
            app = app.with_renderer(renderer);
        }
        for object in objects {
            let outcome = app.archive().ingest().take(object).await.unwrap();
            assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
        }
        let (port, stop) = start(router(app), Limits::default()).await;
        Self {
            port,
            folder,
            _stop: stop,
        }
    }

    pub(crate) async fn get(&self, path: &str, headers: &str) -> Answer {
        send(self.port, "GET", path, headers, b"").await
    }
}

pub(crate) fn series() -> String {
    format!("/dicom-web/studies/{STUDY}/series/{SERIES}")
}

pub(crate) fn instance(number: u32) -> String {
    format!("{}/instances/2.25.{number}", series())
}
