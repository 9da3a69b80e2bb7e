//! The loops of [`super::kernel`] in the instructions of AVX2, eight samples at a time.
//!
//! Left to itself the compiler keeps the places of all samples of a unit in registers, has too few, and spends
//! most of the time on moving them about. Every operation is one of the plain loops, in their order, so the
//! bits are theirs.

use std::arch::x86_64::{
    __m256, __m256i, _CMP_EQ_OQ, _MM_HINT_T0, _mm_prefetch, _mm256_add_epi32, _mm256_add_ps, _mm256_and_ps,
    _mm256_and_si256, _mm256_blendv_ps, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_cmp_ps,
    _mm256_cvtepi32_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_max_epi32, _mm256_max_ps,
    _mm256_min_epi32, _mm256_mul_ps, _mm256_mullo_epi32, _mm256_or_si256, _mm256_set_epi32,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_shuffle_ps, _mm256_slli_epi32, _mm256_srai_epi32,
    _mm256_srli_epi32, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_epi32, _mm256_sub_ps, _mm256_xor_ps,
    _mm256_xor_si256,
};
use std::ops::Range;

use super::kernel::{ALONG, Pair, Places, Strides, UNIT};
use super::lines::TILE;
use super::tile::Tile;

/// Samples that are worked on together.
pub(super) const WIDE: usize = 8;

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
pub(super) unsafe fn words<T>(voxels: *const T, index: &[u32; WIDE]) -> __m256i {
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
pub(super) fn of_one(fraction: __m256i) -> __m256 {
    _mm256_mul_ps(_mm256_cvtepi32_ps(fraction), _mm256_set1_ps(1.0 / 65_536.0))
}

#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn mix<const IS_INTERIOR: bool>(a: __m256, b: __m256, t: __m256) -> __m256 {
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

/// A volume's voxels, with the numbers that the loops need over and over.
struct Source<'a, T> {
    voxels: *const T,
    strides: &'a Strides,
    columns: __m256i,
    rows_of_slice: __m256i,
    /// How far ahead, in voxels, memory is asked for; 0 for nowhere.
    ahead: isize,
}

impl<'a, T: Wide> Source<'a, T> {
    #[target_feature(enable = "avx2")]
    #[inline]
    fn new(voxels: &[T], strides: &'a Strides, ahead: isize) -> Self {
        Self {
            voxels: voxels.as_ptr(),
            strides,
            columns: _mm256_set1_epi32(strides.size[0].cast_signed()),
            rows_of_slice: _mm256_set1_epi32(strides.size[1].cast_signed()),
            ahead,
        }
    }

    /// Asks for the memory of what lies ahead of some of the voxels, which is that of the others, too.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn fetch(&self, index: &[u32; WIDE]) {
        for lane in [0, WIDE - 1] {
            let near = self
                .voxels
                .wrapping_add(index[lane] as usize)
                .wrapping_offset(self.ahead);
            for at in [near, near.wrapping_add(self.strides.next[1])] {
                _mm_prefetch::<_MM_HINT_T0>(at.cast());
            }
        }
    }

    /// Linear interpolation at eight places, without [`Wide::SCALE`].
    ///
    /// # Safety
    ///
    /// As for [`super::kernel::read`], of a processor with AVX2; `strides` must be those of the voxels, not of
    /// nearest. Unless `IS_INTERIOR`, places may be anywhere.
    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn mixed<const IS_INTERIOR: bool>(&self, [x, y, z]: [__m256i; 3]) -> __m256 {
        let [row, slice] = self.strides.next;
        let [last_x, last_y, last_z] = self.strides.last;
        let (x, y, z) = (
            split::<IS_INTERIOR>(x, last_x),
            split::<IS_INTERIOR>(y, last_y),
            split::<IS_INTERIOR>(z, last_z),
        );
        let of_row = _mm256_add_epi32(_mm256_mullo_epi32(z.0, self.rows_of_slice), y.0);
        let of_voxel = _mm256_add_epi32(_mm256_mullo_epi32(of_row, self.columns), x.0);
        let weights = T::weights(x.1);
        let (y, z) = (of_one(y.1), of_one(z.1));
        let mut index = [0u32; WIDE];
        // SAFETY: `index` takes eight times 32 bit. Each is of a voxel that has a next one on each axis, or is
        // the only one there and the stride is 0.
        unsafe {
            _mm256_storeu_si256(index.as_mut_ptr().cast(), of_voxel);
            if self.ahead != 0 {
                self.fetch(&index);
            }
            let near = T::mixed::<IS_INTERIOR>(self.voxels, &index, weights);
            let near_below = T::mixed::<IS_INTERIOR>(self.voxels.add(row), &index, weights);
            let far = T::mixed::<IS_INTERIOR>(self.voxels.add(slice), &index, weights);
            let far_below = T::mixed::<IS_INTERIOR>(self.voxels.add(slice + row), &index, weights);
            let near = mix::<IS_INTERIOR>(near, near_below, y);
            let far = mix::<IS_INTERIOR>(far, far_below, y);
            mix::<IS_INTERIOR>(near, far, z)
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
    let source = Source::new(voxels, strides, 0);
    let [across, down, away] = places;
    let mut left = groups;
    while left != 0 {
        let at = left.trailing_zeros() as usize * WIDE;
        left &= left - 1;
        // SAFETY: eight places and values are left from `at`; the rest is the caller's promise.
        unsafe {
            let places = [
                _mm256_loadu_si256(across.as_ptr().add(at).cast()),
                _mm256_loadu_si256(down.as_ptr().add(at).cast()),
                _mm256_loadu_si256(away.as_ptr().add(at).cast()),
            ];
            let mixed = source.mixed::<IS_INTERIOR>(places);
            _mm256_storeu_ps(values.as_mut_ptr().add(at), scaled::<T>(mixed));
        }
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn scaled<T: Wide>(mixed: __m256) -> __m256 {
    if T::SCALE == 1.0 {
        mixed
    } else {
        _mm256_mul_ps(mixed, _mm256_set1_ps(T::SCALE))
    }
}

/// The largest of `sign` times the samples `ks` of each of the parallel rays of a tile, eight rays at a time: as
/// [`linear`] unit by unit, but nothing leaves the registers.
///
/// # Safety
///
/// Of a processor with AVX2; `strides` must be those of the voxels, not of nearest. The places of all samples must
/// lie as those of an interior do.
#[target_feature(enable = "avx2")]
#[inline(never)]
pub(super) unsafe fn largest<T: Wide>(
    voxels: &[T],
    strides: &Strides,
    tile: &Tile,
    ks: Range<i32>,
    sign: f32,
    largest: &mut [f32; TILE],
) {
    let source = Source::new(voxels, strides, tile.ahead(strides));
    let signs = _mm256_and_ps(_mm256_set1_ps(sign), _mm256_set1_ps(-0.0));
    let stride = [0, 1, 2].map(|axis| tile.stride[axis][0]);
    for from in (0..TILE).step_by(WIDE) {
        // SAFETY: eight values are left from `from` in each.
        let place = unsafe {
            let of = |part: &[i32; TILE]| _mm256_loadu_si256(part.as_ptr().add(from).cast());
            let [x, y, z] = &tile.place;
            [of(x), of(y), of(z)]
        };
        let mut most = _mm256_set1_ps(f32::NEG_INFINITY);
        let mut unit = ks.start & !(ALONG as i32 - 1);
        while unit < ks.end {
            let first = ks.start.max(unit);
            let on = tile.on(unit);
            let at = |axis: usize| {
                let on = on[axis].wrapping_add(stride[axis].wrapping_mul(first - unit));
                _mm256_add_epi32(place[axis], _mm256_set1_epi32(on))
            };
            let [mut x, mut y, mut z] = [at(0), at(1), at(2)];
            for _ in first..ks.end.min(unit + ALONG as i32) {
                // SAFETY: the caller's promise.
                let mixed = unsafe { source.mixed::<true>([x, y, z]) };
                most = _mm256_max_ps(_mm256_xor_ps(mixed, signs), most);
                x = _mm256_add_epi32(x, _mm256_set1_epi32(stride[0]));
                y = _mm256_add_epi32(y, _mm256_set1_epi32(stride[1]));
                z = _mm256_add_epi32(z, _mm256_set1_epi32(stride[2]));
            }
            unit += ALONG as i32;
        }
        // SAFETY: eight values are left from `from`.
        unsafe { _mm256_storeu_ps(largest.as_mut_ptr().add(from), scaled::<T>(most)) };
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
