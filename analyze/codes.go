package analyze

// codeName is the name of an error code of OpenIM (openim pkg/common/servererrs/code.go, the same numbers since v3.5.0), of
// gRPC below 20, or empty.
func codeName(code int) string { return codeNames[code] }

var codeNames = map[int]string{
	0: "OK", 4: "DeadlineExceeded", 8: "ResourceExhausted", 12: "Unimplemented", 13: "Internal", 14: "Unavailable",
	429: "TooManyRequests", 500: "ServerInternalError",
	1001: "ArgsError", 1002: "NoPermission", 1003: "DuplicateKey", 1004: "RecordNotFound",
	1101: "UserIDNotFound", 1102: "RegisteredAlready",
	1201: "GroupIDNotFound", 1202: "GroupIDExisted", 1203: "NotInGroupYet", 1204: "DismissedAlready", 1205: "GroupTypeNotSupport", 1206: "GroupRequestHandled",
	1301: "CanNotAddYourself", 1302: "BlockedByPeer", 1303: "NotPeersFriend", 1304: "RelationshipAlready", 1305: "FriendRequestHandled",
	1401: "MessageHasReadDisable", 1402: "MutedInGroup", 1403: "MutedGroup", 1404: "MsgAlreadyRevoke",
	1501: "TokenExpired", 1502: "TokenInvalid", 1503: "TokenMalformed", 1504: "TokenNotValidYet", 1505: "TokenUnknown", 1506: "TokenKicked", 1507: "TokenNotExist",
	1601: "ConnOverMaxNumLimit", 1602: "ConnArgsErr", 1603: "PushMsgErr", 1604: "IOSBackgroundPushErr",
	1701: "FileUploadedExpired", 80000: "CallbackError", 90002: "DatabaseError", 90004: "NetworkError", 90007: "DataError",
}
