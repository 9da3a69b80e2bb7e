// The engine's sentences in Chinese: patterns of `session::Refusal` and of remarks. What is not known stays as it came.

const WHAT = {
  "a slice": "层面", "a phase": "时相", "a window": "窗", "a mark": "标注", "a palette": "调色板", "a place": "位置", "a value": "数值",
  "a volume of interest": "VOI", "volume of interest": "VOI", "volumes of interest": "VOI", mark: "标注", marks: "标注", lesions: "病灶检出", turning: "旋转",
  "a stack": "原始层面", tiles: "平铺", "interleaved series": "交错序列", "a curved plane": "曲面", "a plane": "平面", "a projection": "投影",
  "a volume rendering": "容积重建", nothing: "无内容", series: "序列", settings: "设置", magnification: "缩放", moving: "平移", a_direction: "方向",
  "a direction": "方向", "a brush": "画笔", "a picture for the film": "胶片图像", "a link": "联动", "a curve": "曲线", look: "操作风格", preset: "预设",
  "window preset": "窗预设", protocol: "挂片方案", "hanging protocol": "挂片方案", desk: "桌面", layer: "图层", points: "点", "undo": "撤销", redo: "重做",
  "take back": "撤销", "do again": "重做", "the patient's weight": "患者体重", weight: "体重", "Patient's Weight": "患者体重", "a series": "序列",
  "a fused plane": "融合平面", "two layers": "两个图层", palette: "调色板", "film item": "胶片图像", participant: "参与者", "a comparison": "对比",
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
