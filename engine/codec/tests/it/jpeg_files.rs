//! Real files in the JPEG and JPEG-LS transfer syntaxes.

use std::path::Path;

use codec::compression::Decoded;
use codec::dataset::{Limits, read};
use codec::encapsulation::{Declared, FragmentRule, Frames};
use codec::jpeg::Jpeg;
use codec::jpeg_ls::JpegLsDecoder;
use codec::pixels::describe;
use codec::{Decoder, FrameDescription, Photometric, TransferSyntax};

/// The first frame of a file: stored values as integers, and what the decoder told.
struct Picture {
    values: Vec<i32>,
    description: FrameDescription,
    /// None for uncompressed files.
    decoded: Option<Decoded>,
}

fn open(path: &Path) -> Picture {
    let bytes = std::fs::read(path).unwrap();
    let object = read(&bytes, Limits::default()).unwrap();
    let pixels = object.pixels.as_ref().unwrap();
    let (description, frames) = describe(&object.data_set, pixels.kind).unwrap();
    let value = &object.bytes[pixels.range.clone()];
    let mut out = vec![0; description.frame_bytes().unwrap()];
    let syntax = object.transfer_syntax.unwrap();
    let decoded = if syntax.is_encapsulated() {
        let rule = FragmentRule::of(syntax);
        let declared = Declared {
            number_of_frames: frames,
            extended_offsets: None,
            rule,
        };
        let (frames, _) = Frames::find(value, declared).unwrap();
        let frame = frames.bytes(0).unwrap();
        let decoder: &dyn Decoder = match syntax {
            TransferSyntax::JpegLsLossless | TransferSyntax::JpegLsNearLossless => &JpegLsDecoder,
            _ => &Jpeg,
        };
        Some(decoder.decode(&frame, &description, &mut out).unwrap())
    } else {
        out.copy_from_slice(&value[..description.frame_bytes().unwrap()]);
        None
    };
    let wide = out.chunks_exact(description.bytes_per_sample());
    let values = wide.map(|sample| {
        sample
            .iter()
            .rev()
            .fold(0, |value, byte| value << 8 | i32::from(*byte))
    });
    Picture {
        values: values.map(|value| signed(value, &description)).collect(),
        description,
        decoded,
    }
}

fn signed(value: i32, description: &FrameDescription) -> i32 {
    let half = 1 << (description.bits_stored - 1);
    if description.signed && value >= half && value < 2 * half {
        value - 2 * half
    } else {
        value
    }
}

fn largest_difference(left: &[i32], right: &[i32]) -> i32 {
    assert_eq!(left.len(), right.len());
    left.iter()
        .zip(right)
        .map(|(left, right)| (left - right).abs())
        .max()
        .unwrap()
}

#[test]
fn wg04_samples_equal_their_references() {
    let Some(folder) = shared_data::set("codecs/wg04") else {
        return;
    };
    for image in ["CT1", "MR1", "MR4", "RG3", "XA1"] {
        let reference = open(&folder.join(format!("REF/{image}_UNC"))).values;
        for (form, bound) in [("JPLL", 0), ("JLSL", 0), ("JLSN", 4)] {
            let picture = open(&folder.join(format!("{form}/{image}_{form}")));
            assert!(
                largest_difference(&picture.values, &reference) <= bound,
                "{image} {form}"
            );
        }
    }
}

#[test]
fn whole_body_scintigram_equals_its_reference() {
    let Some(folder) = shared_data::set("nm/wg04-nm1-bone-wholebody") else {
        return;
    };
    let reference = open(&folder.join("NM1_UNC")).values;
    for (form, bound) in [("JPLL", 0), ("JLSL", 0), ("JLSN", 4), ("JPLY", 40)] {
        let picture = open(&folder.join(format!("NM1_{form}")));
        assert!(largest_difference(&picture.values, &reference) <= bound, "{form}");
    }
}

#[test]
fn wg04_12_bit_samples_decode_in_spite_of_their_scan_headers() {
    // Their scans say that they hold coefficients 0 to 0 and hold all 64. The bounds are those of the
    // compression; the samples equal libjpeg-turbo's of the same files with the header repaired.
    let Some(folder) = shared_data::set("codecs/wg04") else {
        return;
    };
    for (image, bound) in [("MR1", 128), ("MR4", 40), ("RG3", 48), ("XA1", 116)] {
        let reference = open(&folder.join(format!("REF/{image}_UNC"))).values;
        let picture = open(&folder.join(format!("JPLY/{image}_JPLY")));
        assert_eq!(picture.decoded.unwrap().precision, 12);
        assert!(
            largest_difference(&picture.values, &reference) <= bound,
            "{image}"
        );
        let sum: i64 = picture
            .values
            .iter()
            .zip(&reference)
            .map(|(a, b)| i64::from((a - b).abs()))
            .sum();
        let mean = sum as f64 / reference.len() as f64;
        assert!(mean < f64::from(bound) / 8.0, "{image}: mean difference {mean}");
    }
}

#[test]
fn a_repaired_file_gives_the_same_as_the_broken_one() {
    let Some(folder) = shared_data::set("codecs/pydicom-small") else {
        return;
    };
    let broken = open(&folder.join("JPEG-lossy.dcm")).values;
    assert_eq!(broken, open(&folder.join("JPGExtended.dcm")).values);
}

#[test]
fn one_slice_in_every_syntax() {
    let Some(folder) = shared_data::set("codecs/ctimage-all-syntaxes") else {
        return;
    };
    let reference = open(&folder.join("CTImage.dcm")).values;
    let form = |name: &str| open(&folder.join(format!("CTImage.dcm_{name}.dcm"))).values;
    for name in [
        "JPEGProcess14TransferSyntax_1.2.840.10008.1.2.4.57",
        "JPEGProcess14SV1TransferSyntax_1.2.840.10008.1.2.4.70",
        "JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80",
    ] {
        assert_eq!(form(name), reference, "{name}");
    }
    let near = form("JPEGLSLossyTransferSyntax_1.2.840.10008.1.2.4.81");
    assert!(largest_difference(&near, &reference) <= 1);

    // The lossy forms were rescaled first: their Rescale Slope and Intercept, against 1 and -1024 before.
    let hounsfield: Vec<f64> = reference.iter().map(|value| f64::from(*value) - 1024.0).collect();
    let check = |name: &str, slope: f64, bound: f64| {
        let mut worst = 0.0f64;
        for (value, hu) in form(name).iter().zip(&hounsfield) {
            worst = worst.max((f64::from(*value) * slope - 4047.0 - hu).abs());
        }
        assert!(worst < bound, "{name}: {worst} HU");
    };
    check("JPEGProcess1TransferSyntax_1.2.840.10008.1.2.4.50", 32.1216, 65.0);
    check(
        "JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51",
        2.000_244_2,
        36.0,
    );
    check(
        "JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53",
        2.000_244_2,
        36.0,
    );
    check(
        "JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55",
        2.000_244_2,
        36.0,
    );
}

/// libjpeg's conversion to red, green and blue (jdcolor), written as ISO 10918-5 gives it.
fn rgb(picture: &Picture) -> Vec<i32> {
    if picture.decoded.unwrap().photometric == Photometric::Rgb {
        return picture.values.clone();
    }
    let fixed = |factor: f64| (factor * 65536.0).round() as i32;
    let half = 1 << 15;
    let pixels = picture.values.chunks_exact(3).flat_map(|pixel| {
        let [y, blue, red] = [pixel[0], pixel[1] - 128, pixel[2] - 128];
        [
            y + ((fixed(1.402) * red + half) >> 16),
            y + ((-fixed(0.344_14) * blue - fixed(0.714_14) * red + half) >> 16),
            y + ((fixed(1.772) * blue + half) >> 16),
        ]
    });
    pixels.map(|value| value.clamp(0, 255)).collect()
}

#[test]
fn colours_equal_what_dcmtk_decoded() {
    let (Some(small), Some(data)) = (
        shared_data::set("codecs/pydicom-small"),
        shared_data::set("codecs/pydicom-data"),
    ) else {
        return;
    };
    for (form, reference) in [
        ("+eb+cr", "ebcr"),
        ("+eb+cy+n1", "ebcyn1"),
        ("+eb+cy+n2", "ebcyn2"),
        ("+eb+cy+np", "ebcynp"),
        ("+eb+cy+s2", "ebcys2"),
        ("+eb+cy+s4", "ebcys4"),
    ] {
        let picture = open(&small.join(format!("SC_rgb_dcmtk_{form}.dcm")));
        let expected = open(&data.join(format!("SC_rgb_dcmtk_{reference}_dcmd.dcm")));
        assert_eq!(rgb(&picture), expected.values, "{form}");
    }
    let lossless = open(&small.join("SC_rgb_jpeg_gdcm.dcm"));
    assert_eq!(lossless.values, open(&data.join("SC_rgb.dcm")).values);
}

#[test]
fn colour_of_real_files_is_told() {
    let Some(small) = shared_data::set("codecs/pydicom-small") else {
        return;
    };
    for (file, expected) in [
        ("SC_jpeg_no_color_transform.dcm", Photometric::Rgb),
        ("SC_jpeg_no_color_transform_2.dcm", Photometric::Rgb),
        ("SC_rgb_jpeg_app14_dcmd.dcm", Photometric::Rgb),
        ("SC_rgb_jpeg_dcmtk.dcm", Photometric::YbrFull),
        ("SC_rgb_jpeg_lossy_gdcm.dcm", Photometric::YbrFull),
        ("SC_rgb_small_odd_jpeg.dcm", Photometric::YbrFull),
        ("examples_ybr_color.dcm", Photometric::YbrFull),
    ] {
        assert_eq!(
            open(&small.join(file)).decoded.unwrap().photometric,
            expected,
            "{file}"
        );
    }
}

#[test]
fn jpeg_ls_colour_is_the_same_in_every_interleave_mode() {
    let (Some(small), Some(data)) = (
        shared_data::set("codecs/pydicom-small"),
        shared_data::set("codecs/pydicom-data"),
    ) else {
        return;
    };
    let planes = open(&data.join("JLSL_RGB_ILV0.dcm")).values;
    assert_eq!(planes, open(&data.join("JLSL_RGB_ILV1.dcm")).values);
    assert_eq!(planes, open(&data.join("JLSL_RGB_ILV2.dcm")).values);
    assert!(largest_difference(&planes, &open(&data.join("JLSN_RGB_ILV0.dcm")).values) <= 3);
    let original = open(&data.join("SC_rgb.dcm")).values;
    for file in ["SC_rgb_jls_lossy_line.dcm", "SC_rgb_jls_lossy_sample.dcm"] {
        assert!(
            largest_difference(&original, &open(&small.join(file)).values) <= 2,
            "{file}"
        );
    }
    let resonance = open(&small.join("MR_small_jpeg_ls_lossless.dcm"));
    assert!(resonance.description.signed);
    assert_eq!(resonance.values, open(&small.join("MR_small.dcm")).values);
}
