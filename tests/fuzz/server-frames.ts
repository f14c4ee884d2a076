/** Valid frames of a server of `rollcall.v1`, for a generator to break. */
export const SERVER_FRAMES: readonly string[] = [
  '["welcome",{"connection":"c","user":{"id":"u"},"resume":"t","resumeMs":1,"resumed":false,"pingMs":1000,"deadMs":100,"maxMessageBytes":1000}]',
  '["ok",1,{"position":["e",5],"recovery":"fresh","roster":{"v":["r",1],"entries":[["i","k",{},1]]},"entry":["i","k",{},1]}]',
  '["ok",1,{"position":["e",5],"recovery":"gap","gap":"too_old","roster":{"v":["r",1],"entries":[["i","k",{},1]]}}]',
  '["ok",2,{"position":["e",6]}]',
  '["ok",3,{"epoch":"e","more":true,"messages":[["m","AA",{"at":1,"offset":1},"base64"]]}]',
  '["error",2,{"code":"rate_limited","message":"m","retryAfterMs":5}]',
  '["message","room:a","message","hi",{"from":{"key":"k","connection":"c"},"at":1,"offset":6}]',
  '["presence","room:a",{"v":["r",2],"since":1,"set":[["i","k",{},2]],"gone":["x"]}]',
  '["presence","room:a",{"v":["r",3],"members":4012,"count":5120}]',
  '["position","room:a",["e",9]]',
  '["gap","room:a",{"reason":"too_old","position":["e",9]}]',
  '["left","room:a",{"reason":"kicked"}]',
  '["closing",{"reason":"r","retryAfterMs":1,"spreadMs":1}]',
  '["ping"]',
]
