// The engine's sentences in Chinese: patterns of `session::Refusal` and of remarks. What is not known stays as it came.

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
  // What is counted or named.
  "volume of interest": "VOI", "volumes of interest": "VOI", mark: "标注", marks: "标注", look: "操作风格", preset: "预设", "window preset": "窗预设",
  protocol: "挂片方案", "hanging protocol": "挂片方案", desk: "桌面", layer: "图层", points: "点", palette: "调色板", "film item": "胶片图像",
  participant: "参与者", series: "序列", studies: "检查", "take back": "撤销", "do again": "重做", weight: "体重", "Patient's Weight": "患者体重",
};

const word = (text) => WHAT[text] ?? WHAT[text.replace(/^an? /, "")] ?? text;

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
  [/^the voxels of "(.+)" cannot be had: (.+)$/, (_, why) => `无法读取此序列：${why}`],
  [/^participant (\d+) presents; only their commands count until they stop$/, () => "他人正在主讲，主讲结束前不能操作"],
  [/^expected (.+) (points|marks|volumes of interest|series|studies), found (\d+)$/, (expected, what, found) => `${word(what)}应为 ${expected.replace(" to ", " 到 ")} 个，现为 ${found} 个`],
  [/^(.+) must be (.+), found (.+)$/, (what, expected, found) => `${word(what)}应为 ${expected.replace(" to ", " 到 ")}，输入为 ${found}`],
  [/^expected (\d+(?: to \d+)?), found (.+)$/, (expected, found) => `应为 ${expected.replace(" to ", " 到 ")}，现为 ${found}`],
  [/^participant (\d+) may join and leave for themselves only$/, () => "只能为自己加入或离开"],
  [/^(.+) is for other series than those that are open$/, (what) => `${word(what)}属于未打开的序列`],
  [/^(.+) cannot be made: (.+)$/, (what, why) => `无法生成${word(what)}：${why}`],
  [/^the registration failed and was not applied: (.+)$/, (why) => `配准失败，未应用：${why}`],
  [/^the search was given up$/, () => "搜索已中止"],
  [/^(\d+) lesions; (\d+) sites of uptake were taken for physiological$/, (lesions, sites) => `检出 ${lesions} 个病灶；${sites} 处摄取判为生理性`],
  [/^no CT: lungs, bones and urine are not told by density, sites go by position$/, () => "没有 CT：肺、骨与尿液未按密度区分，仅按位置判断"],
  [/^liver reference: placed without CT$/, () => "肝脏参考区：未借助 CT 放置"],
  [/^blood pool reference: placed without CT$/, () => "血池参考区：未借助 CT 放置"],
  [/^there is nothing of the series along this line of sight$/, () => "此视线上没有该序列的内容"],
  [/^views are linked by an offset that the reader set$/, () => "视图按所设偏移联动"],
  [/^look at the registration: (.+)$/, (why) => `请核对配准：${why}`],
  [/^view (\d+) is empty: (.+)$/, (n, why) => `视图 ${n} 为空：${inChinese(why)}`],
  [/^view (\d+) waits for a registration of its overlay$/, (n) => `视图 ${n} 的叠加层等待配准`],
  [/^the volume of interest holds no voxel$/, () => "此 VOI 内没有体素"],
  [/^growth was stopped at (.+) mL$/, (ml) => `增长在 ${ml} mL 处停止`],
  [/^no (.+) in the images; cannot compute SUV$/, (what) => `图像缺少${word(what)}，无法计算 SUV`],
  [/^the graphics device was lost$/, () => "显卡设备丢失"],
  [/^the graphics device has no memory left$/, () => "显存不足"],
  [/^there is no such session$/, () => "此会诊不存在，或未邀请您参加"],
  [/^the session is no longer shared$/, () => "会诊已结束"],
  [/^expected the one whose session it is, found a guest$/, () => "只有发起会诊的人可以邀请或结束"],
  [/^expected a session that others can take part in, found one of this page$/, () => "本机绘制的画面不能会诊，请改由服务器绘制"],
  [/^the worker could not be loaded$/, () => "本机绘制程序未能载入"],
];

/** A sentence of the engine in Chinese. */
export function inChinese(text) {
  for (const [pattern, said] of SENTENCES) {
    const found = pattern.exec(text);
    if (found) return said(...found.slice(1));
  }
  return text;
}
