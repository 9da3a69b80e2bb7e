#!/usr/bin/env bash
# Makes server/assets/fonts/NotoSansSC-subset.otf again from Debian's package of Noto Sans CJK.
# Run by hand when the wanted characters or the package change; the result lies in the repository.
. "$(dirname "$0")/env.sh"

package=fonts-noto-cjk=1:20220127+repack1-1
package_sha256=4a2515eb6db3978b897fef9709ed0d2b1f4c6c4df4d83d6c4ef65f71f1b1f502
unihan=unicode-data=15.0.0-1
unihan_sha256=5efef23bbb1c6a133ecbdd63a2cfa07159ccacf5466a49e2426101c5ecd691fc
fonts=$PWD/server/assets/fonts
work=$PWD/target/fonts

rm -rf "$work"
mkdir -p "$work"
cd "$work"
say "the packages that the font and its characters come from"
apt-get download "$package" "$unihan"
printf '%s  %s\n' "$package_sha256" fonts-noto-cjk_*.deb "$unihan_sha256" unicode-data_*.deb | sha256sum --check
for deb in *.deb; do dpkg-deb -x "$deb" .; done

say "the tools"
/usr/bin/python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: fonttools==4.68.0 cffsubr==0.4.0

say "the characters"
bzcat usr/share/unicode/Unihan_OtherMappings.txt.bz2 > mappings.txt
{
	# ASCII, Latin, pinyin's tones, Greek, Cyrillic, marks, units, arrows, mathematics, boxes, radicals, kana, bopomofo.
	printf '%s\n' 20-7E A0-17F 192 1CD-1DC 1F8-1F9 251 261 2C6-2DD 370-3FF 400-45F 1E3F 2010-205E 2070-209F 20A0-20BF \
		2100-22FF 2300-23FF 2460-266F 2E80-2FDF 2FF0-30FF 3100-312F 3200-33FF
	# Hanzi of the basic block and of extension A, and what GB 18030 adds from compatibility blocks; full-width forms.
	printf '%s\n' 3400-4DBF 4E00-9FFF F92C F979 F995 F9E7 F9F1 FA0C-FA0F FA11 FA13-FA14 FA18 FA1F-FA21 FA23-FA24 \
		FA27-FA29 FE10-FE19 FE30-FE6F FF01-FF5E FFE0-FFE6
	# The General Standard Chinese Characters (8105) beyond those blocks.
	sed -n 's/^U+\(2[0-9A-F]\{4\}\)\tkTGH\t.*/\1/p' mappings.txt
} > characters.txt

say "the subset"
venv/bin/pyftsubset usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc --font-number=2 \
	--unicodes-file=characters.txt --no-hinting --layout-features=kern --drop-tables+=VORG,vhea,vmtx,BASE \
	--name-IDs=0,1,2,3,4,5,6,13,14 --name-languages=0x409 --notdef-outline --output-file=subset.otf
venv/bin/cffsubr -o "$fonts/NotoSansSC-subset.otf" subset.otf
sha256sum "$fonts/NotoSansSC-subset.otf"
