"""Makes pixel-values.csv: what pydicom makes of the pixel data of the shared test sets.

JPEG's lossy processes come from libjpeg-turbo (imagecodecs) instead, whose samples our decoder reproduces to
the bit; pydicom only says there whether three components are RGB or YBR.

Run with pydicom 3.0, numpy, imagecodecs and pydicom's decoder plugins:
    python pixel-values.py SHARED_DATA_UNPACKED > pixel-values.csv
The tables are read by engine/codec/tests/it/pixels.rs; nothing runs this script.
"""

import pathlib
import sys
import warnings
import zlib

import imagecodecs
import numpy as np
import pydicom
from pydicom.encaps import generate_frames
from pydicom.pixels import apply_color_lut, pixel_array

SETS = [
    "codecs/ctimage-all-syntaxes", "codecs/deflated-image-and-1bit", "codecs/pydicom-data",
    "codecs/pydicom-small", "codecs/us-and-fragments", "codecs/wg04", "malformed/fo-dicom-orthanc", "malformed/pydicom",
    "mr/enhanced-multiframe", "nm/wg04-nm1-bone-wholebody", "objects/rt", "objects/seg-sr-pm",
]
LOSSY = {"1.2.840.10008.1.2.4.91"}
JPEG = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"}
# pydicom does not decode these; each holds the same segmentation as an uncompressed sibling.
SIBLINGS = {
    "liver_rle.dcm": "liver.dcm", "liver_deflate.dcm": "liver.dcm", "liver_j2k.dcm": "liver.dcm",
    "liver_nonbyte_aligned_rle.dcm": "liver_nonbyte_aligned.dcm",
    "liver_nonbyte_aligned_j2k.dcm": "liver_nonbyte_aligned.dcm",
}

# pydicom leaves the words of a big endian palette swapped; the same image in little endian:
COLOUR_SIBLINGS = {"OBXXXX1A_expb.dcm": "OBXXXX1A.dcm"}


def jpeg(ds, space, out):
    count = int(ds.get("NumberOfFrames", 1))
    bits = ds.BitsStored if ds.BitsStored in (8, 12) else 8
    spaces = {"colorspace": space, "outcolorspace": out} if ds.SamplesPerPixel == 3 else {}
    frames = [imagecodecs.jpeg_decode(frame, bitspersample=bits, **spaces)
              for frame in generate_frames(ds.PixelData, number_of_frames=count)]
    return np.stack(frames) if count > 1 else frames[0]


def is_jpeg(ds):
    return ds.file_meta.TransferSyntaxUID in JPEG


def stored(ds):
    if is_jpeg(ds):
        return jpeg(ds, "YCBCR", "YCBCR")
    return pixel_array(ds, raw=True)


def rgb(ds):
    photometric = ds.PhotometricInterpretation
    if photometric == "PALETTE COLOR":
        return apply_color_lut(stored(ds), ds)
    if is_jpeg(ds):
        judge = pixel_array(ds, raw=False).astype(float)
        candidates = [stored(ds), jpeg(ds, "YCBCR", "RGB")]
        return min(candidates, key=lambda values: np.abs(values - judge).mean())
    return pixel_array(ds, raw=False)


def little(values):
    return np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<")))


def crc(values):
    return f"{zlib.crc32(little(values).tobytes()):08x}"


def points(values, count=12):
    flat = little(values).ravel()
    places = [(index * 2 + 1) * flat.size // (2 * count) for index in range(count)]
    return " ".join(f"{place}:{flat[place]}" for place in places)


def row(root, path):
    ds = pydicom.dcmread(path, force=True)
    if not {"PixelData", "FloatPixelData", "DoubleFloatPixelData"} & set(ds.dir()):
        return None
    uid = str(ds.file_meta.get("TransferSyntaxUID", "")) or "1.2.840.10008.1.2"
    ds.file_meta.TransferSyntaxUID = uid
    name = path.relative_to(root)
    source = pydicom.dcmread(path.with_name(SIBLINGS[path.name])) if path.name in SIBLINGS else ds
    try:
        values = stored(source)
    except Exception as error:
        print(f"{name}: {str(error).splitlines()[0]}", file=sys.stderr)
        return None
    colour = ds.SamplesPerPixel > 1 or ds.PhotometricInterpretation == "PALETTE COLOR"
    try:
        if path.name in COLOUR_SIBLINGS:
            source = pydicom.dcmread(path.with_name(COLOUR_SIBLINGS[path.name]))
        converted = rgb(source) if colour else None
    except Exception as error:
        print(f"{name} rgb: {error}", file=sys.stderr)
        converted = None
    return ",".join([
        str(name), "lossy" if uid in LOSSY else "exact", "x".join(map(str, values.shape)),
        values.dtype.newbyteorder("=").name, crc(values), f"{values.astype(float).mean():.6f}", points(values),
        converted.dtype.name if converted is not None else "",
        crc(converted) if converted is not None else "",
        f"{converted.astype(float).mean():.6f}" if converted is not None else "",
        points(converted) if converted is not None else "",
    ])


def main(root):
    warnings.simplefilter("ignore")
    print(f"# pydicom {pydicom.__version__} by pixel-values.py: file, whether decoders must agree bit for bit,")
    print("# shape, type, CRC-32 of the stored values (little endian, by pixel), mean, samples as index:value;")
    print("# then type, CRC-32, mean and samples of RGB for colour.")
    for name in SETS:
        for path in sorted((root / name).rglob("*")):
            if path.is_file() and path.suffix in ("", ".dcm"):
                try:
                    line = row(root, path)
                except Exception as error:
                    print(f"{path}: {str(error)[:120]}", file=sys.stderr)
                    line = None
                if line:
                    print(line)


main(pathlib.Path(sys.argv[1]))
