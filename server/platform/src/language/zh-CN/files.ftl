# 图片与文件
upload = 上传
avatar = 头像
avatar-hint = PNG 或 JPEG，不超过 10 MB；将裁剪为正方形。
picture-file = 图片文件
picture-remove = 删除图片
logo = 机构标志
logo-hint = PNG 或 JPEG，不超过 10 MB；用于报告页眉。
fixed-signature = 固定签名
fixed-signature-hint = PNG 或 JPEG；医师没有个人签名时，报告使用此签名。
wrong-file-missing = 请选择文件。
wrong-file-large = 文件不能超过 { $longest } MB。
wrong-file-kind = 请选择 PNG 或 JPEG 图片，所选文件不是这两种格式。
wrong-file-damaged = 图片已损坏或不完整，无法读取。
wrong-file-pixels = 图片尺寸过大，不能超过 { $longest } 百万像素。
wrong-signature-empty = 图片中没有找到签名，请在白纸上书写后拍照，或直接手写。
event-picture-changed = 更换图片
event-picture-removed = 删除图片
