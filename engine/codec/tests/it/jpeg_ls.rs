//! JPEG-LS against streams of CharLS, and against itself.

use codec::jpeg_ls::{Interleave, JpegLs, JpegLsDecoder};
use codec::{Decoder, Encoder, Error, FrameDescription, Photometric};
use proptest::prelude::*;

use crate::jpeg::{bytes, description, formula};

/// A 12 x 17 frame of [`formula`], encoded by CharLS.
struct Golden {
    bits_stored: u16,
    samples_per_pixel: u16,
    near: u8,
    interleave: Interleave,
    stream: &'static str,
}

/// Made with pyjpegls 1.5.1 (CharLS) from [`formula`], for lack of small streams in the standard.
const GOLDEN: &[Golden] = &[
    Golden {
        bits_stored: 8,
        samples_per_pixel: 1,
        near: 0,
        interleave: Interleave::None,
        stream: "ffd8fff7000b08000c001101011100ffda0008010100000000f40b2a000002312a00000231b932c5bd6b0c8050581a00\
         00400000405c08800000bb04417007c00000690129f0480271808018d00030f0000146c742271340f89e2618cac51c29\
         b3e9921418d0d8ff62416c000007a8012000e112b35000024a1b904010c863065200a30000000f442c6b5deb5803a5a6\
         e217e250464d0199e0440004c4701b0e4000003da3ac5f2c00787b1161a430c6e7191632bc5e6923266d1f442445f1b9\
         bc797f1749e2d0ffd9",
    },
    Golden {
        bits_stored: 8,
        samples_per_pixel: 1,
        near: 2,
        interleave: Interleave::None,
        stream: "ffd8fff7000b08000c001101011100ffda0008010100020000f4ee3706e59c77ad63808083010020a680e2860f000000\
         5e09040000046c8820404200c0020046092029f3046442094b4824acc37708800001818606f2400032000c4804b04864\
         81560000038671aef5ac3d145369e65f0000650d000006640030000003900000084604c32536082705e9b87449192418\
         f2de54f3224d9f2278ffd9",
    },
    Golden {
        bits_stored: 2,
        samples_per_pixel: 1,
        near: 0,
        interleave: Interleave::None,
        stream: "ffd8fff7000b02000c001101011100ffda0008010100000000f7bb76e59c77ad66319c51853fad2b4ba5d3c9f9fbf695\
         45a7b7cece35deb59228c28c294e5314c97575f4ee7efdc0ffd9",
    },
    Golden {
        bits_stored: 12,
        samples_per_pixel: 1,
        near: 0,
        interleave: Interleave::None,
        stream: "ffd8fff7000b0c000c001101011100ffda0008010100000000f6cc0820833020820ccb90320c41b8542a13491362a90a\
         8bed2e6442816d4aaf5f329a33ac6051d3e12262a34393d108a098501ba765d22d5c9d112e3135393d229249a5623f74\
         14f59496d7f25a550aa959af58eb71ae06215151b8a8a88fa0bb2b790918934ea9d78c664b4dbaf6201ff2d9a79cb97a\
         424a525a626a4223128aa9d35db2c60d1c3c2024282c7f2191ca80ffd9",
    },
    Golden {
        bits_stored: 16,
        samples_per_pixel: 1,
        near: 0,
        interleave: Interleave::None,
        stream: "ffd8fff7000b10000c001101011100fff8000d01ffff0012004301140040ffda0008010100000000f60cc00802008046\
         600401004023302e400c8031006e01500a8048532195dac488a917e34ce72124849b94b57cbe99568c0e831082288691\
         e4894caa4688e51ea82921262a095d03a128d48a55329d6145c98ad572bd5154966a5644786f10627c599266d8ff1172\
         5685aa6b3def1f6f3ae006201501501b80a80a8093eebccb6f905465279dd3d7963727a7ddbdb00ffc2c322939194ca7\
         542a554b6b8bab098cca55507434742c98a0a8b0b8c0c8d0d8bf61b1d540ffd9",
    },
    Golden {
        bits_stored: 16,
        samples_per_pixel: 1,
        near: 4,
        interleave: Interleave::None,
        stream: "ffd8fff7000b10000c001101011100fff8000d01ffff001e005701300040ffda0008010100040000f606020408238208\
         404181c80c81881b82a0a82439cb2c44544cb9721211f469d6ad5e0a14284868d222254ab2e9090a14a4a28a24924d35\
         1555a993b0c30a94c1c3c3c9935d7233e6c9cad5ab4e6e031040404040810261b840810208209849b4cbae750a5232b5\
         2ad9df9eaf7708a29529691455559ce7bd5204142948888958c6b1ce7bd480ffd9",
    },
    Golden {
        bits_stored: 7,
        samples_per_pixel: 1,
        near: 1,
        interleave: Interleave::None,
        stream: "ffd8fff7000b07000c001101011100ffda0008010100010000f477006e03e59c77ad60a002061400100100a01c000060\
         900000838000218a8067208080c80042410ea2ef9b30823131ba511421f0a8ba9a0000b8006030014000060d4006b027\
         b4000e730e2c69d77ceb000a34242cb8000040001121a4c2a063e7a81e6611190d9176c84a4297d84426c41130549120\
         ffd9",
    },
    Golden {
        bits_stored: 8,
        samples_per_pixel: 3,
        near: 0,
        interleave: Interleave::Line,
        stream: "ffd8fff7001108000c001103011100021100031100ffda000c03010002000300000100f40b2a000002312a0000023195\
         9500000118db607db6001a17b6c0e89b03edb03a72658b3cef3bcef3bd6bde35ef1ac0480500381a00004000004003c0\
         024000005c8220b803e000003440054f8240005c015c7b4e849c5200051fbe1203c0bc393d0840ec02196fefe241d949\
         9bb1080170842b000001bf3e02f1808018d00030f0000146c742271340f89e2618cac39e2db3e9921418d0d8e849148b\
         a000003c0a51a258bdba7e465f32313e890fc5b17f1c51cb16bdd3e2da2c3be7429b9ed6f313b6923572553c27398b84\
         7cb4c9714c2f56b124efccb968823d2c801e000e112b3500006b0372080003b818c0042b0136e000001e800674f3fa59\
         80000005c9ac7548000006203ca42283ed833808f0ebf130ad658dca83595281aa9000000e1e6c2635ae131ad7131ad7\
         7ad77ad77ad60f59bd27747e158d4399b8f0000882f01c0d0000003da07a0939f8fd00000183fa5f6d73351d0aa5f348\
         c8000003ec2583455becfd5ec9a0b98d480000037a453d965bcec10f4c34007ab23cd5ccaf55a69bdd326c3d317cd068\
         e220264f1b9946e7ba24d1994c5d2943a68f88f45d328f2ea2e91464aa382a729b5884917c7e5f1a5bc4d7f6c5516511\
         d9bfaeb7a4de54f20caf5651de4a9a76e9c47d41b54ed65b5540ffd9",
    },
    Golden {
        bits_stored: 8,
        samples_per_pixel: 3,
        near: 0,
        interleave: Interleave::Sample,
        stream: "ffd8fff7001108000c001103011100021100031100ffda000c030100020003000002004109255be00000232000002300\
         0395ff0000008c000600395ff00000118000c00688965e4936acabbf1ebc000004a00000175000007040701c050f0d0d\
         0783416000042624000004323000686c1b04c000005bc110000017206c191f3e3d054482300d87800002400984e1285e\
         16856743d000000df8807e3e02d0560bc66280872801883c58a1200061464e800077a4a6180d8b0a8c8c0b8d9958dad0\
         62360a199b9b0824924890290a0fc5f2e96ca000003c02fe2d9cd61243cc2ca58ad57cf8bc710b470ddb3a725159574c\
         76444c4a6b7371d85e5c642290c9787a73ad16400f0064046000e2acdebb724642000042b002a604b000000b58622115\
         8a59dc407807026ad537000000c4369443c0e81254a5484505c783b54d9a80000070c000007a067cd8484898888a888a\
         888dc445444544440001c00000e4800003d0bd6ad6eddabf7e277400000183727e7c7a3f3d3d138b400f000000d88bc5\
         a6c351a0e872000001bd0330bc2d2b954f60362e96c6270378000007b4000007d9d87d3d887a74e78c63800af97314aa\
         c082aab8fbf356a881f284c9eb2af4e98d0e9adada688dc3fbdbcbbd1a22f91c8a4386330c955544628e19411e48e51c\
         735fbfa6fbc42eba45f7eafde3c0fa9a96a77da2e952cb0bcda24832656db6d6c2b154ffd9",
    },
    Golden {
        bits_stored: 10,
        samples_per_pixel: 3,
        near: 3,
        interleave: Interleave::Sample,
        stream: "ffd8fff700110a000c001103011100021100031100ffda000c0301000200030003020056dff08477fe229e7f911a7bcf\
         bebaf5557bf3dfff78080002000000222c1318dd410230108c14e75b5ad6ac008a04006002002000800c00cf10001891\
         468c1428636306931a922221210998221084210c402114e6318e6398c739ce00271800461c72800316ce00037ea49209\
         1919911993b190ddc8421084210a420a4925144944d96500004f80042001006028c630619d294ad69f4fb56b7b5ab7bd\
         ef7b5292400312c800316db6000410e43280018000c00060003a977ffbff447fe55f957ffa6ff2a80080008000020694\
         a5295a525248145186bd661ef6093da680004d34e3a69a4c58d00000001230000c02902440912243c68df4892225316d\
         9112aa331b9c6739cf739f4d341410410414820920830c3092492b24936db2222291657211c8ef51a14a6318a6318e73\
         965960ffd9",
    },
    Golden {
        bits_stored: 8,
        samples_per_pixel: 3,
        near: 0,
        interleave: Interleave::None,
        stream: "ffd8fff7001108000c001103011100021100031100ffda0008010100000000f40b2a000002312a00000231b932c5bd6b\
         0c8050581a0000400000405c08800000bb04417007c00000690129f0480271808018d00030f0000146c742271340f89e\
         2618cac51c29b3e9921418d0d8ff62416c000007a8012000e112b35000024a1b904010c863065200a30000000f442c6b\
         5deb5803a5a6e217e250464d0199e0440004c4701b0e4000003da3ac5f2c00787b1161a430c6e7191632bc5e6923266d\
         1f442445f1b9bc797f1749e2d0ffda00080102000000002ca8000008c4a8000008c4a8000008c69e4db2ef1ac000005d\
         00282c0d0000200000202e000002da074220b801c0f4139f0480291808018d00030000e6048e84a81b3f0562817c0000\
         07818a38536797c48506136363f8a053e3800001a000e112b000006c0000002e43900a460000018804d1845028c00000\
         03d5018d6bbd6b00a53d658c0000060c944527964f4221ec4513c74000001f61c61f8029b26c453c24318b8ee3712e19\
         7462b38fa2f7787e94e3658da88229466cffda00080103000000001e5400000462540000046254000004634f26d9778d\
         60000038001416068000100000101b02206c220b800000660390460000037e240128c0400c68001800071602474272e0\
         d88a20148c6000003c0c51c29cdb101216ccc8ee82014c6838000000f000038440191800005178e402d10820a221fa30\
         00000e1e7c2c6b5deb5834159a89c804a20801c2b9e8000006f4f22189a3a0fe37c3f0052364fb0501660ae3a8ec491c\
         4b2324c54c42f7383e93c646385d6123c26effd9",
    },
];

#[test]
fn streams_of_charls_decode_and_are_what_we_encode() {
    for golden in GOLDEN {
        let description = description(12, 17, golden.samples_per_pixel, golden.bits_stored);
        let values = formula(&description);
        let stream = bytes(golden.stream);
        let near = i32::from(golden.near);

        let mut decoded = vec![0; values.len()];
        let told = JpegLsDecoder.decode(&stream, &description, &mut decoded).unwrap();
        assert_eq!(told.precision, golden.bits_stored);
        assert!(largest_difference(&decoded, &values, &description) <= near);

        let encoder = JpegLs {
            near: golden.near,
            interleave: golden.interleave,
        };
        assert_eq!(
            encoder.encode(&values, &description).unwrap(),
            stream,
            "{} bits",
            golden.bits_stored
        );
    }
}

fn largest_difference(left: &[u8], right: &[u8], description: &FrameDescription) -> i32 {
    let samples = |bytes: &[u8]| -> Vec<i32> {
        match description.bytes_per_sample() {
            1 => bytes.iter().map(|byte| i32::from(*byte)).collect(),
            _ => bytes
                .chunks_exact(2)
                .map(|pair| i32::from(u16::from_le_bytes([pair[0], pair[1]])))
                .collect(),
        }
    };
    samples(left)
        .iter()
        .zip(samples(right))
        .map(|(left, right)| (left - right).abs())
        .max()
        .unwrap()
}

/// Cuts a stream of our encoder into what stands before SOS, the scan header and the scan's data.
fn parts(stream: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let scan = stream.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    let data = scan + 2 + usize::from(stream[scan + 3]);
    (
        &stream[..scan],
        &stream[scan..data],
        &stream[data..stream.len() - 2],
    )
}

#[test]
fn restart_intervals_begin_anew() {
    // An interval knows nothing of the lines before it: it is the scan of a frame of its own.
    let description = description(11, 17, 1, 12);
    let values = formula(&description);
    let whole = JpegLs::lossless().encode(&values, &description).unwrap();
    let (head, scan_header, _) = parts(&whole);
    for interval in [1usize, 4, 5, 11] {
        let mut stream = head.to_vec();
        stream.extend([0xff, 0xdd, 0, 4, 0, interval as u8]);
        stream.extend(scan_header);
        for (number, band) in values.chunks(interval * 17 * 2).enumerate() {
            if number > 0 {
                stream.extend([0xff, 0xd0 + (number as u8 - 1) % 8]);
            }
            let rows = (band.len() / 34) as u32;
            let encoded = JpegLs::lossless()
                .encode(band, &FrameDescription { rows, ..description })
                .unwrap();
            stream.extend(parts(&encoded).2);
        }
        stream.extend([0xff, 0xd9]);
        let mut decoded = vec![0; values.len()];
        JpegLsDecoder.decode(&stream, &description, &mut decoded).unwrap();
        assert_eq!(decoded, values, "interval {interval}");
    }
}

#[test]
fn colour_transforms_of_hp_are_undone() {
    let description = description(12, 17, 3, 8);
    let values = formula(&description);
    for kind in 1..=3u8 {
        let mut transformed = values.clone();
        for pixel in transformed.chunks_exact_mut(3) {
            let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(i32::from);
            let coded = match kind {
                1 => [red - green + 128, green, blue - green + 128],
                2 => [red - green + 128, green, blue - ((red + green) >> 1) + 128],
                _ => {
                    let second = (blue - green + 128) & 255;
                    let third = (red - green + 128) & 255;
                    [green + ((second + third) >> 2) - 64, second, third]
                }
            };
            pixel.copy_from_slice(&coded.map(|value| value as u8));
        }
        for interleave in [Interleave::Line, Interleave::Sample] {
            let encoded = JpegLs { near: 0, interleave }
                .encode(&transformed, &description)
                .unwrap();
            let mut stream = encoded[..2].to_vec();
            stream.extend([0xff, 0xe8, 0, 7, b'm', b'r', b'f', b'x', kind]);
            stream.extend(&encoded[2..]);
            let mut decoded = vec![0; values.len()];
            let told = JpegLsDecoder.decode(&stream, &description, &mut decoded).unwrap();
            assert_eq!(decoded, values, "HP{kind}");
            assert_eq!(told.photometric, Photometric::Rgb);
        }
    }
}

/// Replaces one segment of an encoded frame, or puts one before the frame header, and decodes.
fn decode_with(description: &FrameDescription, change: impl Fn(&mut Vec<u8>)) -> Result<Vec<u8>, Error> {
    let values = formula(description);
    let mut stream = JpegLs::lossless().encode(&values, description).unwrap();
    change(&mut stream);
    let mut decoded = vec![0; values.len()];
    JpegLsDecoder.decode(&stream, description, &mut decoded)?;
    assert_eq!(decoded, values);
    Ok(decoded)
}

fn insert(stream: &mut Vec<u8>, segment: &[u8]) {
    stream.splice(2..2, segment.iter().copied());
}

#[test]
fn sizes_may_come_from_an_oversize_segment() {
    let frame = description(12, 17, 1, 8);
    let decoded = decode_with(&frame, |stream| {
        stream[7..11].fill(0);
        insert(stream, &[0xff, 0xf8, 0, 10, 4, 3, 0, 0, 12, 0, 0, 17]);
    });
    assert!(decoded.is_ok());
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    let frame = description(12, 17, 1, 8);
    let refused = |change: &dyn Fn(&mut Vec<u8>), words: &str| {
        let error = decode_with(&frame, change).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    refused(
        &|stream| insert(stream, &[0xff, 0xf8, 0, 6, 2, 1, 1, 9]),
        "mapping table",
    );
    refused(&|stream| stream[8] = 13, "12 rows, 17 columns");
    refused(&|stream| stream[6] = 9, "at most 8 bits");
    refused(&|stream| stream[3] = 0xc0, "SOF0");
    refused(
        &|stream| insert(stream, &[0xff, 0xe8, 0, 7, b'm', b'r', b'f', b'x', 1]),
        "three components",
    );
    let scan = 2 + 13 + 2;
    refused(&|stream| stream[scan + 4] = 3, "mapping table 3");
    refused(&|stream| stream[scan + 7] = 1, "point transform 1");
    let colour = description(12, 17, 3, 8);
    let error = decode_with(&colour, |stream| stream[13] = 0x21)
        .unwrap_err()
        .to_string();
    assert!(error.contains("components of one size"), "{error}");
}

#[test]
fn a_wide_frame_of_few_bytes_asks_for_no_work() {
    let description = description(60_000, 16_000, 1, 8);
    let mut stream = vec![
        0xff, 0xd8, 0xff, 0xf7, 0, 11, 8, 0xea, 0x60, 0x3e, 0x80, 1, 1, 0x11, 0,
    ];
    stream.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 0x12, 0x34]);
    let mut out = vec![0; 60_000 * 16_000];
    let error = JpegLsDecoder.decode(&stream, &description, &mut out).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Truncated {
                expected: 7500,
                found: 2,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn signed_values_are_patterns_and_never_change_their_sign() {
    let signed = FrameDescription {
        signed: true,
        ..description(1, 4, 1, 12)
    };
    let bytes_of = |values: [i16; 4]| values.map(i16::to_le_bytes).concat();
    let stream = JpegLs::lossless()
        .encode(&bytes_of([-1, -2048, 0, 2047]), &signed)
        .unwrap();
    let mut decoded = vec![0; 8];
    JpegLsDecoder.decode(&stream, &signed, &mut decoded).unwrap();
    assert_eq!(decoded, [0xfff, 0x800, 0, 0x7ff].map(u16::to_le_bytes).concat());

    let near = JpegLs {
        near: 2,
        interleave: Interleave::None,
    };
    assert!(near.encode(&bytes_of([-1, -2000, 0, 2000]), &signed).is_ok());
    for end in [2047, 2046, -2048, -2047] {
        let error = near
            .encode(&bytes_of([0, end, 0, 0]), &signed)
            .unwrap_err()
            .to_string();
        assert!(error.contains("change its sign"), "{error}");
    }
    let error = JpegLs::lossless()
        .encode(&bytes_of([4096, 0, 0, 0]), &signed)
        .unwrap_err()
        .to_string();
    assert!(error.contains("at most 12 bits"), "{error}");
}

prop_compose! {
    fn frames()(
        rows in 1u32..24,
        columns in 1u32..40,
        samples in 1u16..=4,
        bits in 2u16..=16,
        scale in 0u32..=16,
        noise in prop::collection::vec(any::<u16>(), 24 * 40 * 4),
    ) -> (FrameDescription, Vec<u8>) {
        let description = description(rows, columns, samples, bits);
        // From constant over smooth to noise, so that runs and all contexts come.
        let largest = (1u32 << bits) - 1;
        let values = noise[..description.samples()].iter().enumerate().flat_map(|(at, noise)| {
            let ramp = (at as u32 / 16) * 3;
            let value = ((ramp + (u32::from(*noise) >> scale)) & largest) as u16;
            value.to_le_bytes().into_iter().take(description.bytes_per_sample())
        });
        let values = values.collect();
        (description, values)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_encoded_is_decoded(
        (description, values) in frames(),
        near in 0u8..8,
        interleave in prop::sample::select(vec![Interleave::None, Interleave::Line, Interleave::Sample]),
    ) {
        let near = near.min(((1u32 << description.bits_stored) - 1) as u8 / 2);
        let stream = JpegLs { near, interleave }.encode(&values, &description).unwrap();
        let mut decoded = vec![0; values.len()];
        JpegLsDecoder.decode(&stream, &description, &mut decoded).unwrap();
        prop_assert!(largest_difference(&decoded, &values, &description) <= i32::from(near));
    }

    #[test]
    fn cut_streams_are_damaged_and_changed_ones_do_no_harm(
        (description, values) in frames(),
        interleave in prop::sample::select(vec![Interleave::None, Interleave::Line, Interleave::Sample]),
        at in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let stream = JpegLs { near: 0, interleave }.encode(&values, &description).unwrap();
        let mut decoded = vec![0; values.len()];
        // Without its end marker the stream is whole; with a byte less it is not, but where only fill
        // bits are lost.
        let cut = at.index(stream.len() - 3);
        prop_assert!(JpegLsDecoder.decode(&stream[..cut], &description, &mut decoded).is_err());
        let mut changed = stream.clone();
        changed[at.index(stream.len())] ^= 1 << bit;
        let _ = JpegLsDecoder.decode(&changed, &description, &mut decoded);
    }

    #[test]
    fn random_scans_do_no_harm(
        (description, values) in frames(),
        noise in prop::collection::vec(any::<u8>(), 0..600),
        near in 0u8..4,
    ) {
        let encoder = JpegLs { near: near.min(1), interleave: Interleave::Sample };
        let stream = encoder.encode(&values, &description).unwrap();
        let (head, scan_header, _) = parts(&stream);
        let changed = [head, scan_header, &noise].concat();
        let mut decoded = vec![0; values.len()];
        let _ = JpegLsDecoder.decode(&changed, &description, &mut decoded);
        let _ = JpegLsDecoder.decode(&noise, &description, &mut decoded);
    }
}
