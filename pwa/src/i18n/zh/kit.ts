/** What the kit itself says: buttons, sync, scanning, updates. Screens add their words beside it. */
export const kit = {
  "app.name": "戈壁",
  "app.loading": "正在打开…",
  "app.broke": "出错了，已记录。编号 {id}",
  "app.reload": "重新打开",

  "do.back": "返回",
  "do.cancel": "取消",
  "do.clear": "清空",
  "do.close": "关闭",
  "do.retry": "重试",
  "do.scan": "扫码",

  "sync.synced": "已同步",
  "sync.syncing": "同步中",
  "sync.pending": "{n} 未上传",
  "sync.offline": "离线",
  "sync.offlinePending": "离线 · {n} 未上传",
  "sync.problem": "{n} 未上传 · 受阻",
  "sync.aged": "{n} 未上传 · 已 {age}",
  "sync.last": "上次同步 {age}前",
  "sync.never": "还没有同步过",
  "sync.safe": "全部已上传，可以放心",
  "sync.keepsAll": "没有信号也会保存在手机里，有信号后自动上传",

  "scan.ok": "扫到了",
  "scan.duplicate": "已经扫过",
  "scan.unknown": "不认识的条码",

  "pad.backspace": "退格",

  "update.ready": "有新版本",
  "update.now": "现在更新",
  "update.waiting": "做完这一步后更新",

  "prefs.language": "语言",
} as const;
