package linux

// Error numbers of asm-generic/errno.h; a system call returns them negated.
const (
	ePERM         = 1
	eNOENT        = 2
	eSRCH         = 3
	eINTR         = 4
	eIO           = 5
	eNXIO         = 6
	eTOOBIG       = 7 // E2BIG
	eNOEXEC       = 8
	eBADF         = 9
	eCHILD        = 10
	eAGAIN        = 11
	eNOMEM        = 12
	eACCES        = 13
	eFAULT        = 14
	eBUSY         = 16
	eEXIST        = 17
	eXDEV         = 18
	eNODEV        = 19
	eNOTDIR       = 20
	eISDIR        = 21
	eINVAL        = 22
	eMFILE        = 24
	eNOTTY        = 25
	eFBIG         = 27
	eNOSPC        = 28
	eSPIPE        = 29
	eROFS         = 30
	ePIPE         = 32
	eRANGE        = 34
	eDEADLK       = 35
	eNAMETOOLONG  = 36
	eNOSYS        = 38
	eNOTEMPTY     = 39
	eLOOP         = 40
	eOVERFLOW     = 75
	eNOTSOCK      = 88
	eOPNOTSUPP    = 95
	eAFNOSUPPORT  = 97
	eLIBBAD       = 80
	eTIMEDOUT     = 110
	maxErrno      = 4095
	eNotSupported = eOPNOTSUPP
)
