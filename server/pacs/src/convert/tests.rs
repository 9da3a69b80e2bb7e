//! Files as other programs make them, and the objects as other programs read them.

mod http;

use std::path::Path;
use std::process::Command;

use super::{Error, Header, Limits, to_dicom};
use crate::test_folder::TestFolder;

fn header() -> Header {
    Header {
        patient_id: "TEST-1".to_owned(),
        patient_name: "Zhang^San=张^三".to_owned(),
        study_date: "20260304".to_owned(),
        study_time: "101112".to_owned(),
        study_id: "1".to_owned(),
        content_date: "20260304".to_owned(),
        content_time: "101112".to_owned(),
        document_title: "报告".to_owned(),
        series_number: 1,
        instance_number: 1,
        ..Header::default()
    }
}

/// Runs a peer; `None` where it is absent and need not be there.
fn peer(program: &str, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new(program).args(arguments).output() else {
        let required = std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() == Ok("1");
        assert!(!required, "{program} is absent");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    Some(said.into_owned())
}

fn python(script: &str, arguments: &[&str]) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/venv/bin/python");
    let arguments: Vec<&str> = ["-c", script].iter().chain(arguments).copied().collect();
    peer(path.to_str().unwrap(), &arguments)
}

/// Makes one file of each kind with Pillow.
const MAKE: &str = "
import sys, random
from PIL import Image, ImageCms
random.seed(1)
to = sys.argv[1] + '/'
grey = Image.effect_mandelbrot((61, 43), (-3, -2.5, 2, 2.5), 100)
colour = Image.merge('RGB', [grey, grey.rotate(180), grey.transpose(Image.FLIP_LEFT_RIGHT)])
icc = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
wide = Image.frombytes('I;16', (61, 43), bytes(random.randrange(256) for _ in range(61 * 43 * 2)))
grey.save(to + 'grey.png')
grey.convert('1').save(to + 'bits.png')
colour.save(to + 'colour.png', icc_profile=icc)
colour.quantize(32).save(to + 'palette.png')
opaque = colour.convert('RGBA'); opaque.save(to + 'opaque.png')
wide.save(to + 'wide.png')
grey.save(to + 'grey.bmp'); colour.save(to + 'colour.bmp')
grey.save(to + 'grey.tiff'); wide.save(to + 'wide.tiff', compression='tiff_lzw')
colour.save(to + 'pages.tiff', save_all=True, append_images=[colour.rotate(180)] * 2, compression='tiff_adobe_deflate', icc_profile=icc)
grey.save(to + 'greys.tiff', save_all=True, append_images=[grey.rotate(180)])
wide.save(to + 'wides.tiff', save_all=True, append_images=[wide.transpose(Image.FLIP_TOP_BOTTOM)])
grey.save(to + 'grey.jpg'); colour.save(to + 'colour.jpg', icc_profile=icc, comment='secret')
colour.save(to + 'full.jpg', subsampling=0, quality=95)
transparent = colour.convert('RGBA'); transparent.putalpha(7); transparent.save(to + 'bad-transparent.png')
colour.save(to + 'progressive.jpg', progressive=True, quality=95)
grey.save(to + 'grey-progressive.jpg', progressive=True)
colour.convert('CMYK').save(to + 'bad-cmyk.jpg')
for turn in range(2, 9):
    exif = Image.Exif(); exif[0x0112] = turn
    grey.save(to + f'turned{turn}.jpg', exif=exif, quality=95, progressive=turn == 6); grey.save(to + f'turned{turn}.tiff', exif=exif)
    wide.save(to + f'turned{turn}.png', exif=exif)
exif[0x0112] = 9
colour.save(to + 'bad-turned.jpg', exif=exif); colour.save(to + 'bad-turned.tiff', exif=exif); colour.save(to + 'bad-turned.png', exif=exif)
colour.convert('CMYK').save(to + 'bad-cmyk.tiff')
grey.save(to + 'bad-mixed.tiff', save_all=True, append_images=[grey.crop((0, 0, 9, 9))])
";

/// Compares an object's pixels with what Pillow reads of the file.
const COMPARE: &str = "
import sys, numpy, pydicom
from PIL import Image, ImageOps, ImageSequence
from pydicom.pixels import pixel_array
for source in sys.argv[1:]:
    d = pydicom.dcmread(source + '.dcm')
    assert str(d.PatientName) == 'Zhang^San=张^三' and d.PatientID == 'TEST-1', source
    pages = [numpy.array(p.convert('RGB') if p.mode in ('P', 'RGBA') or source.endswith('.bmp') else p.convert('L') if p.mode == '1' else ImageOps.exif_transpose(p)) for p in ImageSequence.Iterator(Image.open(source))]
    if 'turned' in source and source.endswith('.tiff'):
        # Pillow turns a TIFF half when it reads it: the same picture is turned in memory instead.
        plain = Image.open(source.rsplit('/', 1)[0] + '/grey.png')
        plain.getexif()[0x0112] = int(source[-6])
        pages = [numpy.array(ImageOps.exif_transpose(plain))]
    want = pages[0] if len(pages) == 1 else numpy.stack(pages)
    got = pixel_array(d)
    assert got.shape == want.shape, (source, got.shape, want.shape)
    # Two decoders of JPEG round differently.
    most = 2 if source.endswith('.jpg') else 0
    assert numpy.abs(got.astype(int) - want.astype(int)).max() <= most, (source, numpy.abs(got.astype(int) - want.astype(int)).max())
    if 'colour.png' in source or 'pages' in source or 'colour.jpg' in source:
        assert len(d.ICCProfile) > 100, source
    if source.endswith('.jpg'):
        assert d.LossyImageCompression == '01' and b'secret' not in d.PixelData
print('compared', len(sys.argv) - 1)
";

fn without_errors(path: &Path) {
    let Ok(output) = Command::new("dciodvfy").arg(path).output() else {
        assert!(std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() != Ok("1"));
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(!said.contains("Error"), "{}: {said}", path.display());
}

#[test]
fn pictures_keep_their_pixels_and_conform() {
    let folder = TestFolder::new("convert");
    if python(MAKE, &[folder.path().to_str().unwrap()]).is_none() {
        return;
    }
    let mut compared = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(&path).unwrap();
        let converted = to_dicom(&bytes, &header(), &Limits::default());
        if name.starts_with("bad-") {
            let error = converted.unwrap_err();
            assert!(matches!(error, Error::Unsupported { .. }), "{name}: {error}");
            continue;
        }
        let to = folder.path().join(format!("{name}.dcm"));
        std::fs::write(&to, converted.unwrap_or_else(|error| panic!("{name}: {error}"))).unwrap();
        without_errors(&to);
        if name.contains("colour") {
            let photograph = Header {
                is_photograph: true,
                ..header()
            };
            let bytes = to_dicom(&bytes, &photograph, &Limits::default()).unwrap();
            let to = folder.path().join(format!("{name}.photograph"));
            std::fs::write(&to, bytes).unwrap();
            without_errors(&to);
        }
        compared.push(path.to_str().unwrap().to_owned());
    }
    let compared: Vec<&str> = compared.iter().map(String::as_str).collect();
    let said = python(COMPARE, &compared).unwrap();
    assert!(said.contains("compared 39"), "{said}");
}

#[test]
fn documents_are_kept_byte_for_byte() {
    let folder = TestFolder::new("convert");
    let pdf = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n";
    let to = folder.path().join("document.dcm");
    std::fs::write(&to, to_dicom(pdf, &header(), &Limits::default()).unwrap()).unwrap();
    without_errors(&to);
    let script = "
import sys, pydicom
d = pydicom.dcmread(sys.argv[1])
print(d.MIMETypeOfEncapsulatedDocument, d.EncapsulatedDocument[:d.EncapsulatedDocumentLength] == open(sys.argv[2], 'rb').read(), d.DocumentTitle, d.BurnedInAnnotation)
";
    let source = folder.path().join("document.pdf");
    std::fs::write(&source, pdf).unwrap();
    if let Some(said) = python(script, &[to.to_str().unwrap(), source.to_str().unwrap()]) {
        assert_eq!(said.trim(), "application/pdf True 报告 YES");
    }
    let error = to_dicom(b"%PDF-1.4 and no more", &header(), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "PDF: the file is damaged: it has no end");
}

/// Makes a movie with ffmpeg; `None` where it is absent.
fn movie(folder: &TestFolder, name: &str, more: &[&str]) -> Option<Vec<u8>> {
    let to = folder.path().join(name);
    let to = to.to_str().unwrap();
    let source = [
        "-hide_banner",
        "-loglevel",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=320x180:rate=25:duration=1",
    ];
    let arguments: Vec<&str> = source.iter().chain(more).chain(&[to]).copied().collect();
    Command::new("ffmpeg")
        .args(&arguments)
        .status()
        .is_ok_and(|status| status.success())
        .then(|| std::fs::read(to).unwrap())
}

#[test]
fn movies_say_their_size_frames_and_rate() {
    let folder = TestFolder::new("convert");
    let h264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p"];
    let Some(bytes) = movie(&folder, "a.mp4", &h264) else {
        return;
    };
    let to = folder.path().join("movie.dcm");
    std::fs::write(&to, to_dicom(&bytes, &header(), &Limits::default()).unwrap()).unwrap();
    without_errors(&to);
    let script = "
import sys, pydicom
from pydicom.encaps import generate_fragments
d = pydicom.dcmread(sys.argv[1])
frag = list(generate_fragments(d.PixelData))[-1]
same = frag.rstrip(bytes(1)) == open(sys.argv[2], 'rb').read().rstrip(bytes(1))
print(d.file_meta.TransferSyntaxUID, d.Rows, d.Columns, d.NumberOfFrames, float(d.FrameTime), same)
";
    let source = folder.path().join("a.mp4");
    if let Some(said) = python(script, &[to.to_str().unwrap(), source.to_str().unwrap()]) {
        assert_eq!(said.trim(), "1.2.840.10008.1.2.4.102 180 320 25 40.0 True");
    }
    for (name, more, expected) in [
        ("b.mp4", vec!["-c:v", "libx264", "-pix_fmt", "yuv444p"], "Profile"),
        ("c.mp4", vec!["-c:v", "mpeg4"], "avc1"),
        ("d.avi", vec!["-c:v", "mpeg4"], "Motion JPEG"),
        (
            "e.mp4",
            vec!["-c:v", "libx264", "-pix_fmt", "yuv420p", "-level", "5.1"],
            "level 4.2",
        ),
        (
            "f.mp4",
            vec![
                "-c:v",
                "libx264",
                "-pix_fmt",
                "yuv420p",
                "-movflags",
                "frag_keyframe+empty_moov",
            ],
            "fragments",
        ),
    ] {
        let bytes = movie(&folder, name, &more).unwrap();
        let error = to_dicom(&bytes, &header(), &Limits::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
    for end in 0..bytes.len().min(3000) {
        assert!(
            to_dicom(&bytes[..end], &header(), &Limits::default()).is_err(),
            "cut at {end}"
        );
    }
    // The movie's description is at the end of the file.
    let from = bytes.len() - 2000;
    for at in from..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0xFF;
        let _ = to_dicom(&bytes, &header(), &Limits::default());
    }
}

#[test]
fn movies_of_jpegs_keep_every_picture() {
    let folder = TestFolder::new("convert");
    let mjpeg = [
        "-c:v", "mjpeg", "-pix_fmt", "yuvj422p", "-huffman", "0", "-bf", "0",
    ];
    let Some(bytes) = movie(&folder, "a.avi", &mjpeg) else {
        return;
    };
    let tables = bytes.windows(2).filter(|pair| pair == &[0xFF, 0xC4]).count();
    assert!(tables > 0, "ffmpeg wrote no tables");
    // What devices do that trust their players: pictures without tables, here as another segment of the same length.
    let bare: Vec<u8> = without_tables(&bytes);
    let script = "
import sys, subprocess, numpy, pydicom
from pydicom.pixels import pixel_array
d = pydicom.dcmread(sys.argv[1])
got = pixel_array(d, raw=True)
raw = subprocess.run(['ffmpeg', '-loglevel', 'error', '-i', sys.argv[2], '-f', 'rawvideo', '-pix_fmt', 'yuvj422p', '-'], capture_output=True, check=True).stdout
luminance = numpy.frombuffer(raw, dtype='uint8').reshape(25, 2 * 180 * 320)[:, :180 * 320].reshape(25, 180, 320)
difference = numpy.abs(got[..., 0].astype(int) - luminance.astype(int)).max()
print(d.file_meta.TransferSyntaxUID, d.NumberOfFrames, float(d.FrameTime), d.PhotometricInterpretation, difference <= 2)
";
    for (name, bytes) in [("with", &bytes), ("bare", &bare)] {
        let to = folder.path().join(format!("{name}.dcm"));
        std::fs::write(&to, to_dicom(bytes, &header(), &Limits::default()).unwrap()).unwrap();
        without_errors(&to);
        let source = folder.path().join("a.avi");
        if let Some(said) = python(script, &[to.to_str().unwrap(), source.to_str().unwrap()]) {
            assert_eq!(
                said.trim(),
                "1.2.840.10008.1.2.4.50 25 40.0 YBR_FULL_422 True",
                "{name}"
            );
        }
    }
    let sound = [
        "-f",
        "lavfi",
        "-i",
        "sine=duration=1",
        "-c:v",
        "mjpeg",
        "-pix_fmt",
        "yuvj422p",
    ];
    let with_sound = movie(&folder, "b.avi", &sound).unwrap();
    let error = to_dicom(&with_sound, &header(), &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("sound"), "{error}");
    for end in (0..bytes.len()).step_by(4999) {
        assert!(
            to_dicom(&bytes[..end], &header(), &Limits::default()).is_err(),
            "cut at {end}"
        );
    }
    for at in (0..6000).step_by(17) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0xFF;
        let _ = to_dicom(&bytes, &header(), &Limits::default());
    }
}

/// A movie whose pictures have comments where their Huffman tables were.
fn without_tables(bytes: &[u8]) -> Vec<u8> {
    let mut bare = bytes.to_vec();
    let places: Vec<usize> = (0..bytes.len() - 1)
        .filter(|at| bytes[*at..*at + 2] == [0xFF, 0xC4])
        .collect();
    for at in places {
        bare[at + 1] = 0xFE;
    }
    bare
}

/// One picture of every format that needs no other program to be made.
fn small() -> Vec<(&'static str, Vec<u8>)> {
    let mut png = Vec::new();
    {
        let mut encoder = png::Encoder::new(&mut png, 5, 4);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[9; 20]).unwrap();
    }
    let mut bmp = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
    bmp.resize(0x36 + 8, 0);
    let mut tiff = Vec::new();
    tiff::encoder::TiffEncoder::new(std::io::Cursor::new(&mut tiff))
        .unwrap()
        .write_image::<tiff::encoder::colortype::Gray8>(5, 4, &[9; 20])
        .unwrap();
    let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0];
    jpeg.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0x34, 0xFF, 0xD9]);
    vec![("png", png), ("bmp", bmp), ("tiff", tiff), ("jpeg", jpeg)]
}

#[test]
fn any_cut_or_flipped_byte_gives_an_answer() {
    for (name, bytes) in small() {
        to_dicom(&bytes, &header(), &Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        for end in 0..bytes.len() {
            let _ = to_dicom(&bytes[..end], &header(), &Limits::default());
        }
        for at in 0..bytes.len() {
            for bits in [0x01, 0x80, 0xFF] {
                let mut bytes = bytes.clone();
                bytes[at] ^= bits;
                let _ = to_dicom(&bytes, &header(), &Limits::default());
            }
        }
    }
}

#[test]
fn sizes_that_are_announced_are_judged_first() {
    let mut all = small();
    let mut put =
        |format: usize, at: usize, bytes: &[u8]| all[format].1[at..at + bytes.len()].copy_from_slice(bytes);
    // 32 768 x 32 768 pixels: 1 GiB.
    put(0, 16, &[0, 0, 0x80, 0, 0, 0, 0x80, 0]);
    put(1, 18, &[0, 0x80, 0, 0, 0, 0x80, 0, 0]);
    put(3, 7, &[0x80, 0, 0x80, 0]);
    // The checksum of PNG's header.
    let mut crc = flate2::Crc::new();
    crc.update(&all[0].1[12..29]);
    all[0].1[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    for format in [0, 1, 3] {
        let (name, bytes) = &all[format];
        let error = to_dicom(bytes, &header(), &Limits::default()).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{name}: {error}");
    }
    let file = Limits {
        file_bytes: 10,
        ..Limits::default()
    };
    assert!(matches!(
        to_dicom(&[0; 11], &header(), &file),
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn a_loop_of_directories_ends() {
    let mut tiff = small().remove(2).1;
    // The link to the next directory is the last of the first one: it becomes the first one's own place.
    let first = u32::from_le_bytes(tiff[4..8].try_into().unwrap()) as usize;
    let entries = usize::from(u16::from_le_bytes(tiff[first..first + 2].try_into().unwrap()));
    let link = first + 2 + entries * 12;
    let own = (first as u32).to_le_bytes();
    tiff[link..link + 4].copy_from_slice(&own);
    let error = to_dicom(&tiff, &header(), &Limits::default()).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[test]
fn who_the_patient_is_must_be_said() {
    let pdf = b"%PDF-1.4 %%EOF";
    let check = |change: fn(&mut Header), expected: &str| {
        let mut header = header();
        change(&mut header);
        let error = to_dicom(pdf, &header, &Limits::default())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    check(|h| h.patient_id.clear(), "Patient ID");
    check(|h| h.patient_name = "a\\b".to_owned(), "Patient's Name");
    check(|h| h.study_date = "20261301".to_owned(), "Study Date");
    check(|h| h.content_time = "2400".to_owned(), "Content Time");
    check(|h| h.study_instance_uid = "1.02".to_owned(), "Study Instance UID");
    check(|h| h.patient_sex = "男".to_owned(), "Patient's Sex");
    for bytes in [b"".as_slice(), b"hello", b"PK\x03\x04"] {
        assert!(matches!(
            to_dicom(bytes, &header(), &Limits::default()),
            Err(Error::Unknown)
        ));
    }
}
