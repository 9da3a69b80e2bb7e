//! The loops of [`super::kernel`] in the instructions of AVX2, eight samples at a time.
//!
//! Left to itself the compiler keeps the places of all samples of a unit in registers, has too few, and spends
//! most of the time on moving them about. Every operation is one of the plain loops, in their order, so the
//! bits are theirs.

use std::arch::x86_64::{
    __m256, __m256i, _CMP_EQ_OQ, _mm_add_epi32, _mm_loadu_ps, _mm_loadu_si128, _mm_max_ps, _mm_set1_epi32,
    _mm_storeu_ps, _mm256_add_epi32, _mm256_add_ps, _mm256_and_si256, _mm256_blendv_ps, _mm256_castps_si256,
    _mm256_castps256_ps128, _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cmpgt_epi32, _mm256_cvtepi32_ps,
    _mm256_extractf128_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_max_epi32, _mm256_max_ps,
    _mm256_min_epi32, _mm256_mul_ps, _mm256_mullo_epi32, _mm256_or_si256, _mm256_set_epi32, _mm256_set_m128,
    _mm256_set_m128i, _mm256_set1_epi32, _mm256_set1_ps, _mm256_shuffle_ps, _mm256_slli_epi32,
    _mm256_srai_epi32, _mm256_srli_epi32, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_epi32,
    _mm256_sub_ps, _mm256_xor_si256,
};

use super::kernel::{Pair, Places, Strides, UNIT};
use super::level::{RAYS, Stretch};
use super::tile::BLOCK;

/// Samples that are worked on together.
const WIDE: usize = 8;

/// Pairs of stored values, mixed eight at a time.
pub(super) trait Wide: Pair {
    /// The weights of fractions in 65536ths, as bits.
    fn weights(fraction: __m256i) -> __m256i;

    /// What mixed pairs are multiplied by at the end: a power of two, so that no bit depends on when.
    const SCALE: f32;

    /// Mixes eight pairs.
    ///
    /// # Safety
    ///
    /// `index` and the next must be indices from `voxels`.
    unsafe fn mixed<const IS_INTERIOR: bool>(
        voxels: *const Self,
        index: &[u32; WIDE],
        weights: __m256i,
    ) -> __m256;
}

/// Eight values of 32 bit that begin at each index, whatever they hold.
///
/// # Safety
///
/// Four bytes from each of them must be readable.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn words<T>(voxels: *const T, index: &[u32; WIDE]) -> __m256i {
    // SAFETY: the caller's promise.
    let word = |n: usize| unsafe { voxels.add(index[n] as usize).cast::<i32>().read_unaligned() };
    _mm256_set_epi32(
        word(7),
        word(6),
        word(5),
        word(4),
        word(3),
        word(2),
        word(1),
        word(0),
    )
}

#[target_feature(enable = "avx2")]
#[inline]
fn weights_of_16_bit(fraction: __m256i) -> __m256i {
    let right = _mm256_srai_epi32(_mm256_add_epi32(fraction, _mm256_set1_epi32(2)), 2);
    let left = _mm256_sub_epi32(_mm256_set1_epi32(1 << 14), right);
    _mm256_or_si256(left, _mm256_slli_epi32(right, 16))
}

#[target_feature(enable = "avx2")]
#[inline]
fn of_one(fraction: __m256i) -> __m256 {
    _mm256_mul_ps(_mm256_cvtepi32_ps(fraction), _mm256_set1_ps(1.0 / 65_536.0))
}

#[target_feature(enable = "avx2")]
#[inline]
fn mix<const IS_INTERIOR: bool>(a: __m256, b: __m256, t: __m256) -> __m256 {
    let a = if IS_INTERIOR {
        a
    } else {
        let is_end = _mm256_cmp_ps::<_CMP_EQ_OQ>(t, _mm256_set1_ps(1.0));
        _mm256_blendv_ps(a, b, is_end)
    };
    _mm256_add_ps(a, _mm256_mul_ps(t, _mm256_sub_ps(b, a)))
}

impl Wide for i16 {
    const SCALE: f32 = 1.0 / 16_384.0;

    #[inline(always)]
    fn weights(fraction: __m256i) -> __m256i {
        // SAFETY: only called from code for AVX2.
        unsafe { weights_of_16_bit(fraction) }
    }

    #[inline(always)]
    unsafe fn mixed<const IS_INTERIOR: bool>(
        voxels: *const i16,
        index: &[u32; WIDE],
        weights: __m256i,
    ) -> __m256 {
        // SAFETY: a pair is four bytes; only called from code for AVX2.
        unsafe {
            let sums = _mm256_madd_epi16(words(voxels, index), weights);
            _mm256_cvtepi32_ps(sums)
        }
    }
}

impl Wide for u16 {
    const SCALE: f32 = 1.0 / 16_384.0;

    #[inline(always)]
    fn weights(fraction: __m256i) -> __m256i {
        // SAFETY: only called from code for AVX2.
        unsafe { weights_of_16_bit(fraction) }
    }

    #[inline(always)]
    unsafe fn mixed<const IS_INTERIOR: bool>(
        voxels: *const u16,
        index: &[u32; WIDE],
        weights: __m256i,
    ) -> __m256 {
        // SAFETY: a pair is four bytes; only called from code for AVX2.
        unsafe {
            let signs = _mm256_set1_epi32(0x8000_8000_u32.cast_signed());
            let sums = _mm256_madd_epi16(_mm256_xor_si256(words(voxels, index), signs), weights);
            _mm256_add_ps(_mm256_cvtepi32_ps(sums), _mm256_set1_ps(32_768.0 * 16_384.0))
        }
    }
}

impl Wide for u8 {
    const SCALE: f32 = 1.0;

    #[inline(always)]
    fn weights(fraction: __m256i) -> __m256i {
        // SAFETY: only called from code for AVX2.
        unsafe { _mm256_castps_si256(of_one(fraction)) }
    }

    #[inline(always)]
    unsafe fn mixed<const IS_INTERIOR: bool>(
        voxels: *const u8,
        index: &[u32; WIDE],
        weights: __m256i,
    ) -> __m256 {
        // SAFETY: a pair is two bytes; only called from code for AVX2.
        unsafe {
            let pair = |n: usize| i32::from(voxels.add(index[n] as usize).cast::<u16>().read_unaligned());
            let pairs = _mm256_set_epi32(
                pair(7),
                pair(6),
                pair(5),
                pair(4),
                pair(3),
                pair(2),
                pair(1),
                pair(0),
            );
            let left = _mm256_cvtepi32_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(0xff)));
            let right = _mm256_cvtepi32_ps(_mm256_srli_epi32(pairs, 8));
            mix::<IS_INTERIOR>(left, right, _mm256_castsi256_ps(weights))
        }
    }
}

impl Wide for f32 {
    const SCALE: f32 = 1.0;

    #[inline(always)]
    fn weights(fraction: __m256i) -> __m256i {
        // SAFETY: only called from code for AVX2.
        unsafe { _mm256_castps_si256(of_one(fraction)) }
    }

    #[inline(always)]
    unsafe fn mixed<const IS_INTERIOR: bool>(
        voxels: *const f32,
        index: &[u32; WIDE],
        weights: __m256i,
    ) -> __m256 {
        use std::arch::x86_64::{
            _mm_loadh_pd, _mm_loadl_pd, _mm_setzero_pd, _mm256_castpd_ps, _mm256_set_m128d,
        };
        // SAFETY: a pair is eight bytes; only called from code for AVX2.
        unsafe {
            let two = |low: usize, high: usize| {
                let at = |n: usize| voxels.add(index[n] as usize).cast::<f64>();
                _mm_loadh_pd(_mm_loadl_pd(_mm_setzero_pd(), at(low)), at(high))
            };
            // So that the shuffles, which work on halves, leave the order as it is.
            let first = _mm256_castpd_ps(_mm256_set_m128d(two(4, 5), two(0, 1)));
            let second = _mm256_castpd_ps(_mm256_set_m128d(two(6, 7), two(2, 3)));
            let left = _mm256_shuffle_ps::<0b10_00_10_00>(first, second);
            let right = _mm256_shuffle_ps::<0b11_01_11_01>(first, second);
            mix::<IS_INTERIOR>(left, right, _mm256_castsi256_ps(weights))
        }
    }
}

/// Linear interpolation at the places of some groups, as [`super::kernel::read`] has it.
///
/// # Safety
///
/// As for [`super::kernel::read`], of a processor with AVX2; `strides` must not be of nearest. Unless
/// `IS_INTERIOR`, places may be anywhere.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) unsafe fn linear<T: Wide, const IS_INTERIOR: bool>(
    voxels: &[T],
    strides: &Strides,
    places: &Places,
    groups: u8,
    values: &mut [f32; UNIT],
) {
    // Calls are written out: what adaptors pass to closures would not become vector code here.
    let [row, slice] = strides.next;
    let first = voxels.as_ptr();
    let rows_of_slice = _mm256_set1_epi32(strides.size[1].cast_signed());
    let columns = _mm256_set1_epi32(strides.size[0].cast_signed());
    let [last_x, last_y, last_z] = strides.last;
    let [across, down, away] = places;
    let mut index = [0u32; WIDE];
    let mut left = groups;
    while left != 0 {
        let at = left.trailing_zeros() as usize * WIDE;
        left &= left - 1;
        // SAFETY: eight places are left from `at`.
        let (x, y, z) = unsafe {
            (
                split::<IS_INTERIOR>(_mm256_loadu_si256(across.as_ptr().add(at).cast()), last_x),
                split::<IS_INTERIOR>(_mm256_loadu_si256(down.as_ptr().add(at).cast()), last_y),
                split::<IS_INTERIOR>(_mm256_loadu_si256(away.as_ptr().add(at).cast()), last_z),
            )
        };
        let of_row = _mm256_add_epi32(_mm256_mullo_epi32(z.0, rows_of_slice), y.0);
        let of_voxel = _mm256_add_epi32(_mm256_mullo_epi32(of_row, columns), x.0);
        let weights = T::weights(x.1);
        let (y, z) = (of_one(y.1), of_one(z.1));
        // SAFETY: `index` takes eight times 32 bit. Each is of a voxel that has a next one on each axis, or is
        // the only one there and the stride is 0. Eight values are left from `at`.
        unsafe {
            _mm256_storeu_si256(index.as_mut_ptr().cast(), of_voxel);
            let near = T::mixed::<IS_INTERIOR>(first, &index, weights);
            let near_below = T::mixed::<IS_INTERIOR>(first.add(row), &index, weights);
            let far = T::mixed::<IS_INTERIOR>(first.add(slice), &index, weights);
            let far_below = T::mixed::<IS_INTERIOR>(first.add(slice + row), &index, weights);
            let near = mix::<IS_INTERIOR>(near, near_below, y);
            let far = mix::<IS_INTERIOR>(far, far_below, y);
            let mixed = mix::<IS_INTERIOR>(near, far, z);
            let scaled = if T::SCALE == 1.0 {
                mixed
            } else {
                _mm256_mul_ps(mixed, _mm256_set1_ps(T::SCALE))
            };
            _mm256_storeu_ps(values.as_mut_ptr().add(at), scaled);
        }
    }
}

/// Voxels and fractions of places; those outside are moved to the edge unless all are inside.
#[target_feature(enable = "avx2")]
#[inline]
fn split<const IS_INTERIOR: bool>(place: __m256i, last: i32) -> (__m256i, __m256i) {
    if IS_INTERIOR {
        let fraction = _mm256_and_si256(place, _mm256_set1_epi32(0xffff));
        return (_mm256_srai_epi32(place, 16), fraction);
    }
    let end = _mm256_set1_epi32((last + 1) << 16);
    let held = _mm256_min_epi32(_mm256_max_epi32(place, _mm256_set1_epi32(0)), end);
    let voxel = _mm256_min_epi32(_mm256_srai_epi32(held, 16), _mm256_set1_epi32(last));
    (voxel, _mm256_sub_epi32(held, _mm256_slli_epi32(voxel, 16)))
}

/// The samples of a stretch through a sheet, as the plain loop of [`super::sheet::Sheet`] takes them: two of
/// each ray at a time.
///
/// # Safety
///
/// Of a processor with AVX2; `sheet` must have as many values as `size` says, at least two a side and fewer than
/// 2^15. With `IS_WHOLE` all places must be at least 0 and below the last column and row.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn raise<const IS_WHOLE: bool>(
    sheet: &[f32],
    size: [usize; 2],
    stretch: &Stretch,
    largest: &mut [f32; RAYS],
) {
    const { assert!(WIDE == 2 * RAYS) };
    let [width, height] = size;
    let first = sheet.as_ptr();
    let columns = _mm256_set1_epi32(width as i32);
    let end_x = _mm256_set1_epi32(((width as i32 - 1) << 16) - 1);
    let end_y = _mm256_set1_epi32(((height as i32 - 1) << 16) - 1);
    let zero = _mm256_set1_epi32(0);
    let fraction = _mm256_set1_epi32(0xffff);
    let (dx, dy) = (stretch.dx, stretch.dy);
    let on_x = _mm256_set1_epi32(dx.wrapping_mul(2));
    let on_y = _mm256_set1_epi32(dy.wrapping_mul(2));
    let mut index = [0u32; WIDE];
    // SAFETY: all are arrays of four times 32 bit.
    let (x, y, from, to, most) = unsafe {
        (
            _mm_loadu_si128(stretch.x.as_ptr().cast()),
            _mm_loadu_si128(stretch.y.as_ptr().cast()),
            _mm_loadu_si128(stretch.first.as_ptr().cast()),
            _mm_loadu_si128(stretch.last.as_ptr().cast()),
            _mm_loadu_ps(largest.as_ptr()),
        )
    };
    let mut x = _mm256_set_m128i(_mm_add_epi32(x, _mm_set1_epi32(dx)), x);
    let mut y = _mm256_set_m128i(_mm_add_epi32(y, _mm_set1_epi32(dy)), y);
    let (from, to) = (_mm256_set_m128i(from, from), _mm256_set_m128i(to, to));
    let mut most = _mm256_set_m128(most, most);
    for n in 0..BLOCK / 2 {
        let (held_x, held_y) = if IS_WHOLE {
            (x, y)
        } else {
            (
                _mm256_min_epi32(_mm256_max_epi32(x, zero), end_x),
                _mm256_min_epi32(_mm256_max_epi32(y, zero), end_y),
            )
        };
        // Rows and columns have 15 bits: the lower halves are multiplied, the upper ones are 0.
        let of_row = _mm256_madd_epi16(_mm256_srli_epi32(held_y, 16), columns);
        let at = _mm256_add_epi32(of_row, _mm256_srli_epi32(held_x, 16));
        let part_x = of_one(_mm256_and_si256(held_x, fraction));
        let part_y = of_one(_mm256_and_si256(held_y, fraction));
        // SAFETY: `index` takes eight times 32 bit; each is of a value that has a next one in its row and below.
        let (near, far) = unsafe {
            _mm256_storeu_si256(index.as_mut_ptr().cast(), at);
            let weights = _mm256_castps_si256(part_x);
            (
                f32::mixed::<true>(first, &index, weights),
                f32::mixed::<true>(first.add(width), &index, weights),
            )
        };
        let mut value = mix::<true>(near, far, part_y);
        if !IS_WHOLE {
            let second = _mm256_set_epi32(1, 1, 1, 1, 0, 0, 0, 0);
            let k = _mm256_add_epi32(_mm256_set1_epi32(stretch.k + 2 * n), second);
            let beyond = _mm256_or_si256(_mm256_cmpgt_epi32(from, k), _mm256_cmpgt_epi32(k, to));
            let none = _mm256_set1_ps(f32::NEG_INFINITY);
            value = _mm256_blendv_ps(value, none, _mm256_castsi256_ps(beyond));
        }
        most = _mm256_max_ps(value, most);
        x = _mm256_add_epi32(x, on_x);
        y = _mm256_add_epi32(y, on_y);
    }
    let both = _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps::<1>(most));
    // SAFETY: four values.
    unsafe { _mm_storeu_ps(largest.as_mut_ptr(), both) };
}
