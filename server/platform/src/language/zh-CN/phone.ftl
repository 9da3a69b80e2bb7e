# 手机扫码登录
phone-sign-in = 手机扫码登录
phone-scan = 请用已登录本系统的手机扫描二维码并确认。二维码 3 分钟内有效。
phone-enter = 我已在手机上确认
phone-not-yet = 手机尚未确认，请在手机上确认后重试。
phone-again = 重新获取二维码
phone-over = 二维码已失效、已使用或被拒绝，请重新获取。
phone-confirm-title = 确认登录
phone-confirm-about = 有一台设备请求以您的账号登录。请确认是您本人操作，否则请拒绝。
phone-confirm = 确认登录
phone-decline = 拒绝
phone-answered = 已处理，请回到另一台设备继续。
event-session-confirmed = 手机确认登录
event-session-declined = 手机拒绝登录
