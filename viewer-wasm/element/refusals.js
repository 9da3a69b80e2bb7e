// The engine's sentences in Chinese: patterns of `session::Refusal` and of remarks. What is not known stays as it came.

import { MEASURED } from "./refusals-measured.js";

const WHAT = {
  // What was asked.
  "a slice": "层面", "a phase": "时相", "a window": "窗", "a mark": "标注", "a palette": "调色板", "a place": "位置", "a value": "数值", "a curve": "曲线",
  "a link": "联动", "a brush": "画笔", "a slab": "厚层", "a direction": "方向", "a table": "查找表", "a cursor": "指针", "a key image": "关键图像",
  "a volume of interest": "VOI", "a picture for the film": "胶片图像", "a series for the film": "整个序列加入胶片", "a way along edges": "沿边缘描画",
  "another way of showing": "切换显示方式", "turning by hand": "手动旋转", lesions: "病灶检出", turning: "旋转", moving: "平移", magnification: "缩放",
  interpolation: "插值", sharpening: "锐化", mirroring: "翻转", "a rendering preset": "渲染预设", "a group": "联动组", "a mix": "融合比例", "a comparison": "对比",
  "a shutter": "遮盖", paging: "翻页", playing: "播放", settings: "设置", "tissue by its values": "按数值渲染组织",
  // What there is, or should be.
  nothing: "无内容", "a series": "序列", "a stack": "原始层面", tiles: "平铺", "interleaved series": "交错序列", "a curved plane": "曲面", "a plane": "平面",
  "a projection": "投影", "a volume rendering": "容积重建", "a stack or tiles": "原始层面或平铺", "a stack or a plane": "原始层面或平面",
  "a plane, projection or rendering": "平面、投影或重建", "a plane, a maximum projection or a volume rendering": "平面、最大密度投影或容积重建",
  "a plane of two layers": "两个图层的平面", "two layers": "两个图层", "a flat picture": "平面图像", "grey images": "灰度图像",
  "grey images without a volume": "非容积灰度图像", "series of parallel slices": "层面平行的序列", "series of two frames of reference": "不同坐标系的两个序列",
  "something under the pointer": "指针处的内容", "the curve under the pointer": "指针处的曲线", "the maximum along a ray": "视线上的最大值",
  "studies that a hanging protocol fits": "适合挂片方案的检查",
  aligning: "配准", interleaving: "交错显示", "this kind of mark": "此类标注", "a series of images without a volume": "非容积图像序列", "a place on a rendering": "重建上的位置",
  "a place or a movement": "位置或移动", "a cine": "电影", "slices of another direction": "其他方向的层面", "series of one": "同一坐标系的序列", "images of colour": "彩色图像",
  others: "其他类型", one: "一个", "its end": "其末端", "labels or surfaces": "标签或表面", "a projection or rendering": "投影或重建", "a series of several phases": "多时相序列",
  // What is counted or named.
  "volume of interest": "VOI", "volumes of interest": "VOI", mark: "标注", marks: "标注", look: "操作风格", preset: "预设", "window preset": "窗预设",
  protocol: "挂片方案", "hanging protocol": "挂片方案", desk: "桌面", layer: "图层", points: "点", palette: "调色板", "film item": "胶片图像",
  "item of the film": "胶片图像", "pictures of the film": "胶片图像", "rendering preset": "渲染预设", "window preset for values of this unit": "此单位的窗预设",
  "key images": "关键图像", "series of a view": "视图中的序列", "rows and columns of tiles": "平铺的行列", "points of a curve": "曲线的点", "points of the line": "线的点",
  "characters of a text": "文字字数", "characters of a caption": "图注字数", "characters of a name": "名称字数", "places of a stroke": "笔画的点", strokes: "笔画", "pairs of spaces": "坐标系对",
  "corners of a shutter": "遮盖的顶点", "runs of voxels": "体素段", "fields of a corner": "角标行", "modalities with fields of their own": "自定角标的设备类型", "bytes of a group's name": "联动组名字节数", "pixels about the two spots": "两点间的像素", participants: "参与者", landmarks: "标志点",
  "as the handle, from 0": "控制点", "as the slice, from 0": "层面", "as the phase, from 0": "时相", "as the screen, from 0": "屏幕",
  // What a number is of.
  "the window's center": "窗位", "the window's width": "窗宽", "the way to the right": "向右的距离", "the way down": "向下的距离", "the sharpening": "锐化", "the ratio": "融合比例",
  "the thickness": "层厚", "the magnification": "放大倍数", "the factor": "倍数", "the angle": "角度", "the azimuth": "方位角", "the elevation": "仰角", "the time": "时间",
  "the line's place": "分界线位置", "the line's direction": "分界线方向", "a cell's side": "格边长", "the line": "线", "the length": "长度", "an offset": "偏移", "a landmark": "标志点",
  "the radius": "半径", "a side": "边长", "the brush's radius": "画笔半径", "the level": "阈值", "the part of the maximum": "最大值占比", "the largest volume": "最大体积",
  "steps in a second": "每秒步数", "a percentage": "百分数", "the column": "列", "the row": "行", "the picture's width": "图像宽度", "the picture's height": "图像高度",
  "the reach": "距离", "the radius of a lens": "放大镜半径", "the factor of a lens": "放大镜倍数", "the place of a lens": "放大镜位置", "the distance from the middle of the volume": "到容积中心的距离",
  "the length of a view's axis": "视图轴长", "the angle of a view's axes": "视图轴间角", "the length of a mark's axis": "标注轴长", "the angle of a mark's axes": "标注轴间角",
  "a part of a map": "变换系数", "the shift of a map": "变换平移", "the factor by which a map stretches": "变换伸缩系数", "a map's step": "变换步长",
  participant: "参与者", series: "序列", studies: "检查", "take back": "撤销", "do again": "重做", weight: "体重", "Patient's Weight": "患者体重",
};

/** What a number may be. */
const LIMITS = [
  [/^above 0, to (.+)$/, (most) => `大于 0、不超过 ${most}`],
  [/^at most (.+)$/, (most) => `不超过 ${most}`],
  [/^at least (.+)$/, (least) => `不少于 ${least}`],
  [/^(.+) or longer$/, (least) => `不短于 ${least}`],
  [/^within (.+)$/, (most) => `在 ${most} 以内`],
  [/^a positive number( of mm)?$/, (mm) => (mm ? "正的毫米数" : "正数")],
  [/^positive$/, () => "正数"],
  [/^a number$/, () => "有限数"],
  [/^finite$/, () => "有限数"],
  [/^in the picture$/, () => "在图像内"],
  [/^a right one$/, () => "直角"],
];
const UNITS = { pixels: "像素", radians: "弧度" };
function limits(text) {
  for (const [pattern, said] of LIMITS) {
    const found = pattern.exec(text);
    if (found) return limits(said(...found.slice(1)));
  }
  return text.replace(" to ", " 到 ").replace(/\b(pixels|radians)\b/, (unit) => UNITS[unit]);
}

/** What it should be, as the end of a sentence. */
function should(expected) {
  const text = limits(expected);
  if (/^[-\d]/.test(text)) return `应为 ${text}`;
  return /^[大不在]/.test(text) ? `应${text}` : `应为${text}`;
}

const word = (text) => WHAT[text] ?? WHAT[text.replace(/^an? /, "")] ?? text;

/** Sentences that hold another one, which comes after its own part. */
const AROUND = [
  [/^view (\d+) is empty: (.+)$/, (n, why) => `视图 ${n} 为空：${inChinese(why)}`],
  [/^the voxels of "(.+)" cannot be had: (.+)$/, (_, why) => `无法读取此序列：${inChinese(why)}`],
  [/^(.+) cannot be made: (.+)$/, (what, why) => `无法生成${word(what)}：${inChinese(why)}`],
  // Whose numbers, by a key that says nothing to a reader.
  [/^[\d.]{5,}(?:#\d+)?: (.+)$/, (why) => inChinese(why)],
];

const SENTENCES = [
  [/^no view has the number (\d+)$/, (n) => `没有编号为 ${n} 的视图`],
  [/^(.+) needs (.+) in the view, found (.+)$/, (what, expected, found) => `${word(what)}需要视图中有${word(expected)}，现为${word(found)}`],
  [/^no series has the key "(.+)"$/, () => "没有此序列"],
  [/^expected a layer below (\d+), found (\d+)$/, (layers) => `此视图只有 ${layers} 个图层`],
  [/^no (.+) is named "(.+)"$/, (what, found) => `没有名为“${found}”的${word(what)}`],
  [/^no (.+) has the number (\d+)$/, (what, found) => `没有编号为 ${found} 的${word(what)}`],
  [/^there is nothing to (.+)$/, (what) => `没有可${word(what)}的操作`],
  [/^(.+) and (.+) share no frame of reference; register them or set an offset first$/, () => "两个序列没有共同的坐标系，请先配准或设置偏移"],
  [/^"(.+)" has no volume to be cut or measured: its images stand by themselves$/, () => "此序列的图像各自独立，不能重建或做体积测量"],
  [/^the voxels of "(.+)" have not come yet$/, () => "此序列尚未读取完"],
  [/^participant (\d+) presents; only their commands count until they stop$/, () => "他人正在主讲，主讲结束前不能操作"],
  [/^expected ((?:at most |at least |below )?\d+(?: to \d+)?) (.+), found (\d+)$/, (expected, what, found) => `${word(what)}${should(expected)} 个，现为 ${found} 个`],
  [/^(.+) must be (finite)$/, (what) => `${word(what)}应为有限数`],
  [/^(.+) must have finite coordinates$/, (what) => `${word(what)}的坐标应为有限数`],
  [/^(.+) must have a direction of its own$/, (what) => `${word(what)}应有方向`],
  [/^(.+) must be (.+), found (.+)$/, (what, expected, found) => `${word(what)}${should(expected)}，输入为 ${found}`],
  [/^expected (\d+(?: to \d+)?), found (.+)$/, (expected, found) => `${should(expected)}，现为 ${found}`],
  [/^participant (\d+) may join and leave for themselves only$/, () => "只能为自己加入或离开"],
  [/^(.+) is for other series than those that are open$/, (what) => `${word(what)}属于未打开的序列`],
  [/^there is nothing of the series along this line of sight$/, () => "此视线上没有该序列的内容"],
  [/^view (\d+) waits for a registration of its overlay$/, (n) => `视图 ${n} 的叠加层等待配准`],
  [/^the graphics device was lost$/, () => "显卡设备丢失"],
  [/^the graphics device has no memory left$/, () => "显存不足"],
  [/^there is no such session$/, () => "此会诊不存在，或未邀请您参加"],
  [/^the session is no longer shared$/, () => "会诊已结束"],
  [/^expected the one whose session it is, found a guest$/, () => "只有发起会诊的人可以邀请或结束"],
  [/^expected a session that others can take part in, found one of this page$/, () => "本机绘制的画面不能会诊，请改由服务器绘制"],
  [/^the worker could not be loaded$/, () => "本机绘制程序未能载入"],
  // How conversations end.
  [/^expected at most (\d+) sessions, found as many; try again later$/, (most) => `服务器最多同时 ${most} 个会话，现已满，请稍后再试`],
  [/^there is no such session$/, () => "没有此会话"],
  [/^its images need (.+) MB, and this server has no more room now$/, (mb) => `图像需要 ${mb} MB，服务器现无空余内存`],
  [/^its images could not be read$/, () => "图像无法读取"],
  [/^(?:the session ended|the session ends here|the server ends this session)$/, () => "会话已结束"],
  [/^the session ended, or the viewer read too slowly$/, () => "会话已结束，或网络过慢"],
  [/^the viewer (?:does not answer|takes too long to read what it is told)$/, () => "网络过慢或没有应答"],
  [/^a picture could not be (?:made|coded)$/, () => "无法生成图像"],
  [/^(?:the link|the connection) was lost$/, () => "连接中断"],
  [/^the series has changed while it was loaded; open it again$/, () => "读取期间序列有变化，请重新打开"],
  [/^the page may hold (\d+) MB of images; the series has (\d+) MB more$/, (most, more) => `本页最多容纳 ${most} MB 图像，此序列还需 ${more} MB`],
  [/^a view wants more pictures than the page can make$/, () => "本机绘制跟不上"],
  [/^the viewer failed at (.+)$/, (place) => `本机绘制程序出错（${place}）`],
];

/** A sentence of the engine in Chinese; what it holds of another sentence too. */
export function inChinese(text) {
  for (const [pattern, said] of [...AROUND, ...MEASURED, ...SENTENCES]) {
    const found = pattern.exec(text);
    if (found) return said(...found.slice(1), inChinese);
  }
  return text;
}
