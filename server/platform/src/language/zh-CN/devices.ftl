# 设备
device = 设备
device-new = 登记设备
device-number = 设备编号
device-type = 设备类型
device-ae-title = AE 名称
device-station-name = 站名 (0008,1010)
device-station-about = 归档影像按站名对应到设备，请按设备影像中的实际站名填写；不填则按 AE 名称对应。
device-search = 名称、拼音、编号或 AE 名称
device-since = 登记时间
device-members = 绑定成员
device-members-none = 尚未绑定成员
device-member = 成员
device-bound-at = 绑定时间
device-bind = 绑定
device-unbind = 解除绑定
device-remove = 删除设备
device-remove-warning = 删除设备后，该设备的数据将一并删除，且不能恢复。
device-type-number = 请输入设备编号以确认删除
device-remove-do = 确认删除
device-retained =
    { $count ->
       *[other] 归档中仍保存该设备的 { $count } 份检查，在法定保存期内或已被锁定，不能删除设备。
    }
device-back = 返回设备
wrong-device-number-taken = 本机构已有使用该编号的设备
wrong-device-typed = 输入的编号与设备编号不一致
wrong-ae-title = AE 名称只能使用英文字母、数字和常用符号，不能含反斜杠，不能以 = + - @ 开头
wrong-station-name = 站名只能使用英文字母、数字和常用符号，不能含反斜杠，不能以 = + - @ 开头
conflict-device-retained = 该设备仍有检查在法定保存期内或已被锁定，不能删除
conflict-holdings = 暂时无法查询归档中该设备的检查，不能删除
event-device-added = 登记设备
event-device-changed = 修改设备
event-device-bound = 绑定设备成员
event-device-unbound = 解除设备成员绑定
event-device-removed = 删除设备
