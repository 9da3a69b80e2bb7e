//! The loops of [`super::level`] in the instructions of AVX2. Every operation on a value is one of the plain loops,
//! in their order, so the bits are theirs.

use std::arch::x86_64::{
    __m256, __m256i, _CMP_GT_OQ, _CMP_LE_OQ, _mm_add_epi32, _mm_cvtss_f32, _mm_loadu_ps, _mm_loadu_si128,
    _mm_max_ps, _mm_min_ps, _mm_min_ss, _mm_movehl_ps, _mm_set1_epi32, _mm_shuffle_ps, _mm_storeu_ps,
    _mm256_add_epi32, _mm256_add_ps, _mm256_and_ps, _mm256_and_si256, _mm256_blendv_ps, _mm256_castps_si256,
    _mm256_castps256_ps128, _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cmpgt_epi32, _mm256_cvttps_epi32,
    _mm256_extractf128_ps, _mm256_loadu_ps, _mm256_madd_epi16, _mm256_max_epi32, _mm256_max_ps,
    _mm256_min_epi32, _mm256_min_ps, _mm256_movemask_ps, _mm256_mul_ps, _mm256_mullo_epi32, _mm256_or_si256,
    _mm256_set_epi32, _mm256_set_m128, _mm256_set_m128i, _mm256_set_ps, _mm256_set1_epi32, _mm256_set1_ps,
    _mm256_srli_epi32, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_epi32,
};

use super::avx2::{WIDE, Wide, mix, of_one, words};
use super::level::{RAYS, Rays};
use super::peaks::Axis;
use super::tile::BLOCK;

/// The samples of a block through a sheet, as the plain loop of [`super::sheet::Sheet`] takes them: two of
/// each ray at a time. Gives the least of the rays.
///
/// # Safety
///
/// Of a processor with AVX2; `sheet` must have as many values as `size` says, at least two a side and fewer than
/// 2^15. With `IS_WHOLE` all places must be at least 0 and below the last column and row.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) unsafe fn raise<const IS_WHOLE: bool>(
    sheet: &[f32],
    size: [usize; 2],
    rays: &Rays,
    block: i32,
    largest: &mut [f32; RAYS],
) -> f32 {
    const { assert!(WIDE == 2 * RAYS) };
    let [width, height] = size;
    let first = sheet.as_ptr();
    let columns = _mm256_set1_epi32(width as i32);
    let end_x = _mm256_set1_epi32(((width as i32 - 1) << 16) - 1);
    let end_y = _mm256_set1_epi32(((height as i32 - 1) << 16) - 1);
    let zero = _mm256_set1_epi32(0);
    let fraction = _mm256_set1_epi32(0xffff);
    let [dx, dy] = rays.stride;
    let [on_x, on_y] = rays.on(block);
    let mut index = [0u32; WIDE];
    // SAFETY: all are arrays of four times 32 bit.
    let (x, y, from, to, most) = unsafe {
        (
            _mm_loadu_si128(rays.place[0].as_ptr().cast()),
            _mm_loadu_si128(rays.place[1].as_ptr().cast()),
            _mm_loadu_si128(rays.first.as_ptr().cast()),
            _mm_loadu_si128(rays.last.as_ptr().cast()),
            _mm_loadu_ps(largest.as_ptr()),
        )
    };
    let x = _mm_add_epi32(x, _mm_set1_epi32(on_x));
    let y = _mm_add_epi32(y, _mm_set1_epi32(on_y));
    let mut x = _mm256_set_m128i(_mm_add_epi32(x, _mm_set1_epi32(dx)), x);
    let mut y = _mm256_set_m128i(_mm_add_epi32(y, _mm_set1_epi32(dy)), y);
    let on_x = _mm256_set1_epi32(dx.wrapping_mul(2));
    let on_y = _mm256_set1_epi32(dy.wrapping_mul(2));
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
            let k = _mm256_add_epi32(_mm256_set1_epi32(block * BLOCK + 2 * n), second);
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
    let two = _mm_min_ps(both, _mm_movehl_ps(both, both));
    _mm_cvtss_f32(_mm_min_ss(two, _mm_shuffle_ps::<1>(two, two)))
}

/// What no sample of each block exceeds, as the plain loop of [`super::peaks::Peaks`] has it.
///
/// # Safety
///
/// Of a processor with AVX2; the last cells of the axes must be ones of `values`, rows of `width`.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) unsafe fn bounds(values: &[f32], width: usize, [across, down]: &[Axis; 2], bounds: &mut [f32]) {
    let width = _mm256_set1_epi32(width as i32);
    let first = values.as_ptr();
    let mut n = _mm256_set_ps(7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0);
    let eight = _mm256_set1_ps(8.0);
    for bounds in bounds.as_chunks_mut::<WIDE>().0 {
        let ([left, right], [top, bottom]) = (windows(across, n), windows(down, n));
        let (top, bottom) = (_mm256_mullo_epi32(top, width), _mm256_mullo_epi32(bottom, width));
        let at = |row: __m256i, column: __m256i| {
            let mut index = [0u32; WIDE];
            // SAFETY: `index` takes eight times 32 bit; the windows begin with one of the cells.
            unsafe {
                _mm256_storeu_si256(index.as_mut_ptr().cast(), _mm256_add_epi32(row, column));
                _mm256_castsi256_ps(words(first, &index))
            }
        };
        let upper = _mm256_max_ps(at(top, left), at(top, right));
        let lower = _mm256_max_ps(at(bottom, left), at(bottom, right));
        // SAFETY: eight values.
        unsafe { _mm256_storeu_ps(bounds.as_mut_ptr(), _mm256_max_ps(upper, lower)) };
        n = _mm256_add_ps(n, eight);
    }
}

/// First cells of two windows each that hold all cells of eight blocks.
#[target_feature(enable = "avx2")]
#[inline]
fn windows(axis: &Axis, n: __m256) -> [__m256i; 2] {
    let on = _mm256_mul_ps(n, _mm256_set1_ps(axis.on));
    let cell = |end: f32| {
        let at = _mm256_add_ps(on, _mm256_set1_ps(end));
        let held = _mm256_min_ps(_mm256_max_ps(at, _mm256_set1_ps(0.0)), _mm256_set1_ps(axis.last));
        _mm256_cvttps_epi32(held)
    };
    let (low, high) = (cell(axis.ends[0]), cell(axis.ends[1]));
    let second = _mm256_sub_epi32(high, _mm256_set1_epi32(axis.more));
    [low, _mm256_max_epi32(low, second)]
}

/// Which of at most 64 bounds are above one limit and not above another, as bits.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn between(bounds: &[f32], above: f32, up_to: f32) -> u64 {
    let (above, up_to) = (_mm256_set1_ps(above), _mm256_set1_ps(up_to));
    let mut bits = 0;
    for bounds in bounds.as_chunks::<WIDE>().0.iter().rev() {
        // SAFETY: eight values.
        let bounds = unsafe { _mm256_loadu_ps(bounds.as_ptr()) };
        let is_above = _mm256_cmp_ps::<_CMP_GT_OQ>(bounds, above);
        let is_below = _mm256_cmp_ps::<_CMP_LE_OQ>(bounds, up_to);
        let both = _mm256_movemask_ps(_mm256_and_ps(is_above, is_below));
        bits = bits << 8 | u64::from(both.cast_unsigned());
    }
    bits
}
