// What the engine says of SUV, volumes of interest, lesions, registrations and planes, in Chinese: patterns for `inChinese`,
// each with what is said of what it finds. Numbers are kept as they came.

/** Attributes and corrections by the standard's names. */
const NAMES = {
  "Patient's Weight": "患者体重", "Patient's Size": "患者身高", "Patient's Sex": "患者性别", "Patient's Age": "患者年龄", weight: "体重", height: "身高", Units: "单位",
  "Corrected Image": "校正标记", "Decay Correction": "衰减校正", "Radionuclide Half Life": "核素半衰期", "Radionuclide Total Dose": "注射活度", "injected activity": "注射活度",
  "SUV factor": "SUV 系数", "ideal body weight": "理想体重", "lean body mass": "瘦体重", liver: "肝脏", "blood pool": "血池", maximum: "最大值", background: "本底",
  fixed: "固定", moving: "移动", "a piece of the curve": "曲线的一段", "a line": "线", "the radius": "半径", "a radius": "半径",
};
const name = (text) => NAMES[text] ?? text;

/** What hanging protocols look for, and where. */
const WANTED = {
  any: "任意序列", uptake: "摄取图像", "not uptake": "非摄取图像", "with a volume": "有容积", "without a volume": "无容积", "corrected for attenuation": "经衰减校正",
  "not corrected for attenuation": "未经衰减校正", "a MIP": "MIP", "axial planes": "横断面", "coronal planes": "冠状面", "sagittal planes": "矢状面", "a volume rendering": "容积重建",
};
const STUDIES = [
  [/^the current study$/, () => "本次检查"],
  [/^the latest prior study$/, () => "最近一次既往检查"],
  [/^prior study (\d+)$/, (n) => `第 ${n} 次既往检查`],
  [/^all open studies$/, () => "已打开的检查"],
];
function studyName(text) {
  const found = STUDIES.find(([pattern]) => pattern.test(text));
  return found ? found[1](...found[0].exec(text).slice(1)) : text;
}
const wantedOf = (text) => text.split(", ").map((part) => WANTED[part] ?? part.replace(/^at least (\d+) images$/, "至少 $1 幅").replace(/^at most (\d+) images$/, "最多 $1 幅")).join("、");
/** A protocol's own name of a series: `prior_pet`. */
const seriesName = (text) => text.split("_").map((part) => (part === "prior" ? "既往" : part.toUpperCase())).join(" ");
const both = (first, second) => `${first}、${second}`;

const SUV = [
  [/^no SUV: (.+)$/, (why, inner) => `无法计算 SUV：${inner(why)}`],
  [/^no HU: (.+)$/, (why, inner) => `未测 HU：${inner(why)}`],
  [/^no (.+) in the images; cannot compute SUV$/, (what) => `图像缺少${name(what)}，无法计算 SUV`],
  [/^no (.+) in the images; expected a value$/, (what) => `图像缺少${name(what)}`],
  [/^(.+): expected a positive number, found (.+)$/, (what, found) => `${name(what)}应为正数，现为 ${found}`],
  [/^modality: expected PT or NM, found (.+)$/, (found) => `设备类型应为 PT 或 NM，现为 ${found}`],
  [/^units: expected BQML, GML, CM2ML or CNTS, found (.+)$/, (found) => `单位应为 BQML、GML、CM2ML 或 CNTS，现为 ${found}`],
  [/^SUV type of (.+): expected (.+), found (.+)$/, (units, expected, found) => `单位 ${units} 的 SUV 类型应为 ${expected}，现为 ${found}`],
  [/^units CNTS: expected a Philips SUV or activity concentration scale factor, found none above zero$/, () => "单位为 CNTS：缺少大于零的飞利浦 SUV 或活度浓度系数"],
  [/^rescale intercept: expected 0, found (.+)$/, (found) => `重标截距应为 0，现为 ${found}`],
  [/^corrected image: expected ATTN among the corrections, found (.+)$/, (found) => `校正标记应含衰减校正 ATTN，现为 ${found}`],
  [/^corrected image: expected DECY as decay correction is (.+), found (.+)$/, (correction, found) => `衰变校正为 ${correction}，校正标记应含 DECY，现为 ${found}`],
  [/^corrected image: expected no DECY as decay correction is NONE, found (.+)$/, (found) => `衰变校正为 NONE，校正标记不应含 DECY，现为 ${found}`],
  [/^decay correction: expected START, ADMIN or NONE, found (.+)$/, (found) => `衰变校正应为 START、ADMIN 或 NONE，现为 ${found}`],
  [/^uptake time: expected an injection before the scan, found (.+) s$/, (s) => `摄取时间：注射应早于扫描，现为 ${s} s`],
  [/^uptake time: expected at most 13 half-lives, found (.+) s, which is (.+)$/, (s, lives) => `摄取时间应不超过 13 个半衰期，现为 ${s} s，即 ${lives} 个`],
  [/^injection time without a date: expected one shortly before the scan, found (.+) s before it$/, (s) => `注射时间没有日期：应在扫描前不久，现为扫描前 ${s} s`],
  [/^Patient's Sex: expected M or F, found O$/, () => "患者性别应为 M 或 F，现为 O"],
];

const VOIS = [
  [/^(\d+) of (\d+) voxels in the VOI have no finite value and were left out$/, (left, all) => `VOI 的 ${all} 个体素中有 ${left} 个没有有限值，未计入`],
  [/^all values in the VOI are 0$/, () => "VOI 内的值全为 0"],
  [/^the CT has another frame of reference; no HU was measured$/, () => "CT 的坐标系不同，未测 HU"],
  [/^the images do not say that they share a frame of reference; HU holds only if they do$/, () => "图像未注明同一坐标系；仅在一致时 HU 有效"],
  [/^the VOI lies outside the CT; no HU was measured$/, () => "VOI 在 CT 范围之外，未测 HU"],
  [/^(\d+) of (\d+) voxels of the VOI lie outside the CT; HU is of the rest$/, (outside, all) => `VOI 的 ${all} 个体素中有 ${outside} 个在 CT 范围之外；HU 取自其余部分`],
  [/^the volume of interest holds no voxel$/, () => "此 VOI 内没有体素"],
  [/^a volume of interest that was found from values, or was read, cannot be moved$/, () => "按数值得到或读入的 VOI 不能移动"],
  [/^the voxels do not lie in the volume$/, () => "体素不在此容积内"],
  [/^the place lies outside the volume$/, () => "此位置在容积之外"],
  [/^growth was stopped at (.+) mL$/, (ml) => `增长在 ${ml} mL 处停止`],
  [/^the seed must lie within (.+) voxels, found (.+)$/, (size, found) => `种子点应在 ${size} 体素范围内，现为 ${found}`],
  [/^the click must lie within (.+) voxels, found (.+)$/, (size, found) => `点击处应在 ${size} 体素范围内，现为 ${found}`],
  [/^the value at the (?:seed|click) must be finite, found (.+)$/, (found) => `此处的值应为有限数，现为 ${found}`],
  [/^the seed must reach the threshold of (.+), found (.+)$/, (least, found) => `种子点应达到阈值 ${least}，现为 ${found}`],
  [/^the threshold must be (?:a number|finite), found (.+)$/, (found) => `阈值应为有限数，现为 ${found}`],
  [/^the largest volume must be positive, found (.+) mL$/, (found) => `最大体积应为正数，现为 ${found} mL`],
  [/^a maximum must lie within (.+) mm of the click, found none$/, (mm) => `点击处 ${mm} mm 内没有最大值`],
  [/^the spot must have lower surroundings, found none$/, () => "此处周围没有更低的摄取"],
  [/^the maximum must stand out of its surroundings \((.+), SD (.+)\), found (.+)$/, (background, sd, found) => `最大值应高于周围（${background}，SD ${sd}），现为 ${found}`],
  [/^the spot must end within (.+) mL, found no end$/, (ml) => `热灶在 ${ml} mL 内没有边界`],
  [/^the rule needs the lesion's voxels, found measures alone$/, () => "此规则需要病灶的体素，现只有测量值"],
  [/^the rule needs the (.+), found none$/, (what) => `此规则需要${name(what)}，现没有`],
  [/^the threshold must settle within (\d+) rounds, found none$/, (rounds) => `阈值在 ${rounds} 轮内未收敛`],
  [/^the resolution must be positive, found (.+) mm$/, (found) => `分辨率应为正数，现为 ${found} mm`],
  [/^the mask must lie on the grid of the volume, found (.+) on (.+) voxels or other places$/, (mask, volume) => `掩膜应与容积同网格，现为 ${mask} 对 ${volume} 体素或位置不同`],
  [/^(?:statistics need|a peak needs) at least one voxel inside the mask, found none$/, () => "掩膜内没有体素"],
  [/^(?:statistics need|a peak needs) at least one finite value(?: inside the mask)?, found (\d+) voxels without$/, (found) => `掩膜内没有有限值（${found} 个体素）`],
  [/^expected a factor for each of (\d+) slices, found (\d+)$/, (slices, found) => `${slices} 个层面应各有一个系数，现为 ${found} 个`],
  [/^a peak needs voxels of at least about 0\.1 mm, found a spacing of (.+) mm$/, (found) => `峰值需要至少约 0.1 mm 的体素，现为 ${found} mm`],
  [/^the shape lies outside the volume; its mask is empty$/, () => "形状在容积之外，其中没有体素"],
  [/^the shape reaches outside the volume; its mask has (.+) ml of (.+) ml$/, (inside, whole) => `形状超出容积：${whole} ml 中有 ${inside} ml 在内`],
  [/^the shape of (.+) ml holds no voxel's centre; its mask is empty$/, (whole) => `${whole} ml 的形状不含任何体素中心，其中没有体素`],
  [/^no voxel of the grid would lie inside$/, () => "没有体素在其中"],
  [/^a shape is carried through rigid maps only, found axes off by (.+)$/, (found) => `形状只能随刚性变换移动，现轴偏差 ${found}`],
  [/^contour (\d+): expected at least 3 points, found (\d+); left out$/, (contour, points) => `轮廓 ${contour} 至少应有 3 个点，现为 ${points} 个，未采用`],
  [/^contour (\d+): expected finite coordinates, found others; left out$/, (contour) => `轮廓 ${contour} 的坐标不是有限数，未采用`],
  [/^contour (\d+): expected points within (.+) mm of a plane, found (.+) mm; left out$/, (contour, allowed, found) => `轮廓 ${contour} 的点应在同一平面 ${allowed} mm 内，现为 ${found} mm，未采用`],
  [/^(\d+) of (\d+) contour planes lie beyond the images$/, (outside, planes) => `${planes} 个轮廓平面中有 ${outside} 个超出图像`],
  [/^contours stand (.+) mm apart on slices of (.+) mm; each fills its slab$/, (apart, slice) => `轮廓间距 ${apart} mm，层厚 ${slice} mm；各填满其厚层`],
  [/^lengths rest on a calibration by hand$/, () => "长度依据手动标定"],
  [/^lengths beside the calibrated region are in pixels$/, () => "标定区域外的长度以像素计"],
];

const LESIONS = [
  [/^(\d+) lesions; (\d+) sites of uptake were taken for physiological$/, (lesions, sites) => `检出 ${lesions} 个病灶；${sites} 处摄取判为生理性`],
  [/^no CT: lungs, bones and urine are not told by density, sites go by position$/, () => "没有 CT：肺、骨与尿液未按密度区分，仅按位置判断"],
  [/^no voxel of the PET has a finite value$/, () => "PET 中没有有限值"],
  [/^the PET shows no uptake at all$/, () => "PET 中没有摄取"],
  [/^(\d+) voxels without a finite value were left out$/, (left) => `${left} 个没有有限值的体素未计入`],
  [/^the unit of the PET is not known; it was taken for SUV by body weight$/, () => "PET 的单位未知，按体重 SUV 处理"],
  [/^neither head, shoulders, lungs nor legs were recognised: nothing could be set aside by its place$/, () => "未识别头、肩、肺或腿：无法按位置排除生理性摄取"],
  [/^the top of the head is not in the image: heights go by what else was recognised$/, () => "图像不含头顶：高度按其他已识别部位推定"],
  [/^the (.+)'s reference volume was not found$/, (what) => `未找到${name(what)}参考区`],
  [/^(liver|blood pool) reference: (.+)$/, (what, doubt, inner) => `${name(what)}参考区：${inner(doubt)}`],
  [/^placed without CT$/, () => "未借助 CT 放置"],
  [/^little room in the liver for its sphere$/, () => "肝内可放置球形区的空间小"],
  [/^a threshold in SUV needs a PET in SUV, found (.+)$/, (found) => `SUV 阈值需要以 SUV 显示的 PET，现为 ${found}`],
  [/^a share of the maximum lies between 0 and 1, found (.+)$/, (found) => `最大值占比应在 0 到 1 之间，现为 ${found}`],
  [/^a detection needs at least one rule of metabolic volume$/, () => "检出至少需要一条代谢体积规则"],
  [/^the rule needs the (.+)'s uptake, and its reference volume was not found$/, (what) => `此规则需要${name(what)}的摄取，但未找到其参考区`],
  [/^a threshold of (.+) takes (.+) % of the volume for lesions; it must be higher$/, (threshold, percent) => `阈值 ${threshold} 会把 ${percent} % 的容积判为病灶，应提高`],
  [/^the (.+) must lie in the PET's frame of reference (.+), found (.+)$/, (what, pet, found) => `${name(what)}应与 PET 同坐标系 ${pet}，现为 ${found}`],
];

const REGISTRATION = [
  [/^the registration failed and was not applied: (.+)$/, (why, inner) => `配准失败，未应用：${all(why, inner)}`],
  [/^look at the registration: (.+)$/, (why, inner) => `请核对配准：${all(why, inner)}`],
  [/^the search was given up$/, () => "搜索已中止"],
  [/^the registration was cancelled$/, () => "配准已取消"],
  [/^(?:a registration must start from|a registration must be) a finite map with an inverse$/, () => "配准须为可逆的有限变换"],
  [/^fused by a registration made by hand$/, () => "按手动配准融合"],
  [/^fused by an automatic registration$/, () => "按自动配准融合"],
  [/^fused by an automatic registration that is to be checked$/, () => "按自动配准融合，请核对"],
  [/^fused by a stored registration$/, () => "按已存配准融合"],
  [/^fused by a chain of registrations$/, () => "按多步配准融合"],
  [/^views are linked by an offset that the reader set$/, () => "视图按所设偏移联动"],
  [/^the landmarks are (.+) mm off \(root mean square\)$/, (mm) => `标志点误差 ${mm} mm（均方根）`],
  [/^expected at least (\d+) pairs of landmarks, found (\d+)$/, (expected, found) => `标志点至少应为 ${expected} 对，现为 ${found} 对`],
  [/^landmark pair (\d+) must have finite places within 1 km and a weight of 0 or more$/, (pair) => `第 ${pair} 对标志点的位置或权重无效（1 km 内，权重不小于 0）`],
  [/^the landmarks lie on one line: add one beside it, at least a hundredth of its length away$/, () => "标志点在一条直线上：请在线旁加一点，至少相距其长度的百分之一"],
  [/^an affine registration needs landmarks outside one plane: add one before or behind it$/, () => "仿射配准的标志点不能共面：请在平面前或后加一点"],
  [/^the landmarks ask for a mirrored or a flat image: two of them may be exchanged$/, () => "标志点要求镜像或压平图像：可能有两点颠倒"],
  [/^the axis to turn about must have a direction$/, () => "旋转轴应有方向"],
  [/^the pointer must lie away from the line that is turned about$/, () => "指针不能在旋转轴上"],
  [/^the moving image must keep three dimensions, a hundredth to a hundredfold size, and lie within 10 km$/, () => "移动图像应保持三维，大小在百分之一到一百倍之间，距离 10 km 以内"],
  [/^the (fixed|moving) volume must have more than one value, found one or none$/, (which) => `${name(which)}图像的值应多于一个`],
  [/^the (fixed|moving) volume must be at least (.+) mm thick every way, found (.+) mm$/, (which, least, found) => `${name(which)}图像各方向应至少 ${least} mm 厚，现为 ${found} mm`],
  [/^at least (.+) % of the smaller body must lie in the other image, found (.+) %$/, (least, found) => `较小的身体至少应有 ${least} % 在另一图像内，现为 ${found} %`],
  [/^the images have nothing in common, found a similarity of (.+)$/, (found) => `两图像没有共同之处，相似度 ${found}`],
  [/^the search the other way round ended (.+) mm away$/, (mm) => `反向搜索的结果相差 ${mm} mm`],
  [/^a place (.+) mm away fits nearly as well$/, (mm) => `相距 ${mm} mm 的位置同样吻合`],
  [/^the body surfaces fit best (.+) mm away$/, (mm) => `体表在相距 ${mm} mm 处最吻合`],
  [/^the body surfaces are up to (.+) mm apart$/, (mm) => `体表最多相距 ${mm} mm`],
  [/^a body surface is not to be seen and could not be compared$/, () => "看不到体表，无法比较"],
  [/^the map stretches by factors from (.+) to (.+)$/, (least, most) => `变换的伸缩系数为 ${least} 到 ${most}`],
  [/^the map bends by up to (.+) mm$/, (mm) => `变换最多弯曲 ${mm} mm`],
  [/^the map does not bend: (.+)$/, (why, inner) => `变换未弯曲：${inner(why)}`],
  [/^the volumes share a frame of reference, but the patient seems to have moved by (.+) mm$/, (mm) => `两容积坐标系相同，但患者似乎移动了 ${mm} mm`],
  [/^volumes laid over each other must share a frame of reference or be registered, found (.+) and (.+)$/, (lower, upper) => `叠加的容积应同坐标系或已配准，现为 ${both(lower, upper)}`],
  [/^volumes laid over each other must name their frame of reference or be registered, found none$/, () => "叠加的容积应注明坐标系或已配准"],
];

const PLANES = [
  [/^points must have finite coordinates$/, () => "点的坐标应为有限数"],
  [/^(.+) needs two different ends$/, (what) => `${name(what)}的两端应不同`],
  [/^expected at least (\d+) points, found (\d+)$/, (expected, found) => `至少应有 ${expected} 个点，现为 ${found} 个`],
  [/^points must lie within (.+) mm of a plane, found (.+) mm$/, (allowed, found) => `点应在同一平面 ${allowed} mm 内，现为 ${found} mm`],
  [/^a plane's normal must be finite and not zero, found (.+)$/, (found) => `平面法线应为非零有限数，现为 ${found}`],
  [/^millimetres per pixel must be a positive number, found (.+)$/, (found) => `每像素毫米数应为正数，现为 ${found}`],
  [/^a plane's place must be finite, found (.+)$/, (found) => `平面位置应为有限数，现为 ${found}`],
  [/^an image needs at least one pixel a side, found (\d+) x (\d+)$/, (width, height) => `图像每边至少一个像素，现为 ${width} x ${height}`],
  [/^a plane is fitted to at least one grid, found none$/, () => "没有可显示的容积"],
  [/^(.+) shows nothing of study (.+)$/, (what, study) => `${what} 未显示检查 ${study} 的内容`],
  [/^a curve needs 2 to (\d+) points, found (\d+)$/, (most, found) => `曲线应有 2 到 ${most} 个点，现为 ${found} 个`],
  [/^a curve's points must be finite, with some length between them$/, () => "曲线的点应为有限数且互有距离"],
  [/^the side of a curved plane must have a direction that the curve does not run along$/, () => "曲面的侧向不能与曲线同向"],
  [/^a layout has 1 to (\d+) rows and columns, found (\d+) x (\d+)$/, (most, rows, columns) => `布局应有 1 到 ${most} 行和列，现为 ${rows} x ${columns}`],
  [/^a layout has 1 to (\d+) cells, found (\d+)$/, (most, found) => `布局应有 1 到 ${most} 个视图，现为 ${found} 个`],
  [/^(.+) is missing: no series of (.+) is (.+)$/, (series, study, wanted) => `缺少 ${seriesName(series)}：${studyName(study)}中没有 ${wantedOf(wanted)} 的序列`],
  [/^(.+) has no volume, which (.+) need$/, (series, kind) => `${seriesName(series)} 没有容积，${wantedOf(kind)}需要容积`],
  [/^(.+) has no frame seen from (.+)$/, (series, view) => `${seriesName(series)} 没有 ${view} 方向的图像`],
  [/^no hanging protocol fits what is open: (.+)$/, (why) => `没有适合的挂片方案：${why}`],
  [/^hidden: its pixels may bear the patient's name$/, () => "已隐藏：像素中可能有患者姓名"],
  [/^an image side must be 1 to (\d+) pixels, found (\d+) x (\d+)$/, (most, width, height) => `图像每边应为 1 到 ${most} 像素，现为 ${width} x ${height}`],
  [/^the image was cancelled$/, () => "绘制已取消"],
  [/^expected a graphics adapter(.*), found none$/, () => "没有可用的显卡"],
  [/^the scene's volumes need (\d+) bytes on the graphics device, which may take (\d+)$/, (needed, most) => `图像需要 ${needed} 字节显存，可用 ${most} 字节`],
  [/^graphics device: (.+)$/, (why) => `显卡：${why}`],
  [/^there is no such series$/, () => "没有此序列"],
  [/^none of its images has come$/, () => "没有收到任何图像"],
  [/^the image has no pixels$/, () => "图像没有像素"],
  [/^the image has too many frames$/, () => "图像帧数过多"],
  [/^the image has another size than was announced$/, () => "图像大小与所述不符"],
  [/^its images make no volume$/, () => "其图像不构成容积"],
  [/^there is no image (\d+)$/, (n) => `没有第 ${n} 幅图像`],
  [/^there is no phase (\d+)$/, (n) => `没有第 ${n} 个时相`],
  [/^(\d+) of its images have not come$/, (missing) => `有 ${missing} 幅图像未收到`],
];

/** Reasons that stand one after the other. */
const all = (why, inner) => why.split("; ").map(inner).join("；");

export const MEASURED = [...SUV, ...VOIS, ...LESIONS, ...REGISTRATION, ...PLANES];
